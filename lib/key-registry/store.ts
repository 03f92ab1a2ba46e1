import { algorithmNames } from '../keys/algorithm.ts';
import type { SigningJwk } from '../keys/signing-key.ts';
import type { WrappedPrivateKey } from '../kms/wrapped-key.ts';
import { parseItem } from '../store/items.ts';
import { createRecordStore, type RecordStore } from '../store/record.ts';
import { either, listOf, number, object, oneOf, optional, parser, text } from '../store/shape.ts';
import type { Item, Key, Table } from '../store/table.ts';
import type { KeyOrigin, RegisteredKey, StoredRegistry } from './registry.ts';

const KIND = 'KEYS';

/** The id of the only record. */
export const KEY_REGISTRY = 'KEYS';

export const keyOfKeyRegistry: Key = { pk: KEY_REGISTRY, sk: KIND };

type Origin<Type extends KeyOrigin['type']> = Extract<KeyOrigin, { type: Type }>;

const origin = either(
  object<Origin<'environment'>>({ type: oneOf('environment') }),
  either(
    object<Origin<'kms'>>({ type: oneOf('kms'), key_id: text }),
    object<WrappedPrivateKey>({ type: oneOf('wrapped'), key_id: text, private_key: text }),
  ),
);

const parse = parser<StoredRegistry>({
  keys: listOf(
    object<RegisteredKey>({
      kid: text,
      alg: oneOf(...algorithmNames),
      jwk: object<SigningJwk>({ kty: text, kid: text, alg: oneOf(...algorithmNames), use: oneOf('sig') }),
      origin,
      status: oneOf('next', 'active', 'retiring', 'retired'),
      published_at: number,
      activated_at: optional(number),
      retiring_at: optional(number),
      retired_at: optional(number),
      compromised_at: optional(number),
    }),
  ),
  sequence: optional(number),
  signed_at: optional(number),
  signature: optional(text),
});

export const createKeyRegistryStore = (table: Table): RecordStore<StoredRegistry> =>
  createRecordStore(table, { kind: KIND, key: () => keyOfKeyRegistry, idOf: () => KEY_REGISTRY, parse });

/** @throws MalformedItem */
export const readKeyRegistry = (item: Item | undefined): StoredRegistry | undefined =>
  item && parseItem({ kind: KIND, parse }, item);
