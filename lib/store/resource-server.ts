import { accessTokenFormats } from '../oauth/access-token.ts';
import type { EncryptionJwk, ResourceServer } from '../oauth/resource-server.ts';
import { createFinderWithoutSecrets, createRecordStore, type RecordKind, type RecordStore } from './record.ts';
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
  access_token_lifetime: optional(number),
  secrets: listOf(hashedSecret),
  enabled: boolean,
};

export const resourceServerAttributesWithoutSecrets = Object.keys(members).filter(
  (attribute) => attribute !== 'secrets',
);

const RESOURCE: RecordKind<ResourceServer> = {
  kind: 'RESOURCE',
  key: (identifier) => ({ pk: `RESOURCE#${identifier}`, sk: 'RESOURCE' }),
  idOf: ({ identifier }) => identifier,
  parse: parser(members),
};

export const createResourceServerStore = (table: Table): RecordStore<ResourceServer> =>
  createRecordStore(table, RESOURCE);

export const createResourceServerFinder = (
  table: Table,
): ((identifier: string) => Promise<ResourceServer | undefined>) =>
  createFinderWithoutSecrets(table, RESOURCE, resourceServerAttributesWithoutSecrets);
