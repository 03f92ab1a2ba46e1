import { accessTokenFormats, accessTokenTyps } from '../oauth/access-token.ts';
import type { EncryptionJwk, ResourceServer } from '../oauth/resource-server.ts';
import type { List } from './lists.ts';
import {
  createFinderWithoutSecrets,
  createRecordStore,
  type ListedRecordKind,
  listOfRecords,
  type RecordStore,
} from './record.ts';
import { hashedSecret } from './secret.ts';
import { boolean, listOf, type Members, number, object, oneOf, optional, parser, text } from './shape.ts';
import type { Table } from './table.ts';

const members: Members<ResourceServer> = {
  identifier: text,
  audience: text,
  scope: text,
  access_token_format: optional(oneOf(...accessTokenFormats)),
  access_token_encryption_jwk: optional(object<EncryptionJwk>({ kty: text, kid: text, alg: text, use: oneOf('enc') })),
  access_token_signing_alg: optional(text),
  access_token_typ: optional(oneOf(...accessTokenTyps)),
  access_token_lifetime: optional(number),
  groups_claim: optional(text),
  roles_claim: optional(text),
  access_token_nbf: optional(boolean),
  access_token_scope_list: optional(boolean),
  access_token_static_audience: optional(text),
  secrets: listOf(hashedSecret),
  enabled: boolean,
};

export const resourceServerAttributesWithoutSecrets = Object.keys(members).filter(
  (attribute) => attribute !== 'secrets',
);

const RESOURCE: ListedRecordKind<ResourceServer> = {
  kind: 'RESOURCE',
  key: (identifier) => ({ pk: `RESOURCE#${identifier}`, sk: 'RESOURCE' }),
  idOf: ({ identifier }) => identifier,
  parse: parser(members),
  listedAs: ({ identifier }) => identifier,
};

export const createResourceServerStore = (table: Table): RecordStore<ResourceServer> =>
  createRecordStore(table, RESOURCE);

export const listOfResourceServers = (): List<ResourceServer> => listOfRecords(RESOURCE);

export const createResourceServerFinder = (
  table: Table,
): ((identifier: string) => Promise<ResourceServer | undefined>) =>
  createFinderWithoutSecrets(table, RESOURCE, resourceServerAttributesWithoutSecrets);
