import { randomBytes } from 'node:crypto';
import { parseDecryptionKeys } from '../../lib/keys/encryption-key.ts';
import { sealingKeyId } from '../../lib/keys/sealing-key.ts';
import { makeWithPlainId } from '../../lib/oauth/identifier.ts';
import type { EncryptionJwk } from '../../lib/oauth/resource-server.ts';
import { demoApis } from '../demo-apis.ts';
import { createHandleKeys } from '../handle-keys.ts';
import { newKeyPair } from '../key-pair.ts';
import { createRegistryKey } from '../registry-key.ts';
import { createSigningKeys, DEFAULT_ALGORITHMS } from '../signing-key.ts';

/** The content of Secrets Manager: values by secret name, then by key. */
export type Secrets = Record<string, Record<string, string>>;

/** Makes a secret like that of `latchkey init`, with a decryption key for each demo API. */
export function createSecrets(algs = DEFAULT_ALGORITHMS): Secrets {
  return {
    'latchkey/local': {
      ...createSigningKeys(algs),
      ...createHandleKeys(),
      DECRYPTION_KEYS: JSON.stringify({ keys: Object.keys(demoApis).map(decryptionKey) }),
      SEALING_KEYS: makeWithPlainId(() => randomBytes(32), sealingKeyId).toString('base64url'),
      ...createRegistryKey(),
    },
  };
}

/** Adds what earlier versions did not have, except for a second signing key: clients may know only the algorithm of the first. */
export const completeSecrets = ({ 'latchkey/local': secret, ...others }: Secrets): Secrets => ({
  ...others,
  'latchkey/local': { ...createHandleKeys(), ...createRegistryKey(), ...secret },
});

const newKey = () => newKeyPair('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

const decryptionKey = (kid: string) => ({ ...newKey(), kid, alg: 'ECDH-ES+A256KW', use: 'enc' });

/** The public halves of the decryption keys, by name of the demo API. */
export const encryptionJwks = (secrets: Secrets): ReadonlyMap<string, EncryptionJwk> =>
  new Map(parseDecryptionKeys(secrets['latchkey/local']?.['DECRYPTION_KEYS'] ?? '').map(({ kid, jwk }) => [kid, jwk]));
