import { accessTokenFormats } from '../oauth/access-token.ts';
import type { EncryptionJwk, ResourceServer } from '../oauth/resource-server.ts';
import { items } from './items.ts';
import { createRecordStore, type RecordStore } from './record.ts';
import { hashedSecret } from './secret.ts';
import { boolean, listOf, type Members, number, object, oneOf, optional, parser, text } from './shape.ts';
import type { Table } from './table.ts';

const KIND = 'RESOURCE';

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

const { secrets: _, ...ofResourceServerWithoutSecrets } = members;
export const resourceServerAttributesWithoutSecrets = Object.keys(ofResourceServerWithoutSecrets);

const keyOf = (identifier: string) => ({ pk: `RESOURCE#${identifier}`, sk: KIND });

export const createResourceServerStore = (table: Table): RecordStore<ResourceServer> =>
  createRecordStore(table, {
    kind: KIND,
    key: keyOf,
    idOf: ({ identifier }) => identifier,
    parse: parser(members),
  });

/** For functions that do not authenticate resource servers, and so may not read the hashes of secrets: there are none. */
export function createResourceServerFinder(table: Table): (identifier: string) => Promise<ResourceServer | undefined> {
  const resourceServers = items(table, {
    kind: KIND,
    key: keyOf,
    parse: parser<Omit<ResourceServer, 'secrets'>>(ofResourceServerWithoutSecrets),
    attributes: resourceServerAttributesWithoutSecrets,
  });
  return async (identifier) => {
    const resourceServer = await resourceServers.find(identifier);
    return resourceServer && { ...resourceServer, secrets: [] };
  };
}
