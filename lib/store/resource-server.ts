import { accessTokenFormats } from '../oauth/access-token.ts';
import type { EncryptionJwk, ResourceServer } from '../oauth/resource-server.ts';
import { createRecordStore, type RecordStore } from './record.ts';
import { hashedSecret } from './secret.ts';
import { boolean, listOf, number, object, oneOf, optional, parser, text } from './shape.ts';
import type { Table } from './table.ts';

const KIND = 'RESOURCE';

const parse = parser<ResourceServer>({
  identifier: text,
  audience: text,
  scope: text,
  access_token_format: optional(oneOf(...accessTokenFormats)),
  access_token_encryption_jwk: optional(object<EncryptionJwk>({ kty: text, kid: text, alg: text, use: oneOf('enc') })),
  access_token_signing_alg: optional(text),
  access_token_lifetime: optional(number),
  secrets: listOf(hashedSecret),
  enabled: boolean,
});

export const createResourceServerStore = (table: Table): RecordStore<ResourceServer> =>
  createRecordStore(table, {
    kind: KIND,
    key: (identifier) => ({ pk: `RESOURCE#${identifier}`, sk: KIND }),
    idOf: ({ identifier }) => identifier,
    parse,
  });
