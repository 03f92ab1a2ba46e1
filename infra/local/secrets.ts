import { createHash, randomBytes } from 'node:crypto';
import { parseDecryptionKeys } from '../../lib/keys/encryption-key.ts';
import { sealingKeyId } from '../../lib/keys/sealing-key.ts';
import { makeWithPlainId } from '../../lib/oauth/identifier.ts';
import type { EncryptionJwk } from '../../lib/oauth/resource-server.ts';
import { createHandleKeys } from '../handle-keys.ts';
import { newKeyPair } from '../key-pair.ts';
import { createRegistryKey } from '../registry-key.ts';

/** The content of Secrets Manager: values by secret name, then by key. */
export type Secrets = Record<string, Record<string, string>>;

/** Makes a secret like that of `latchkey init`, with a decryption key for each demo resource server. */
export function createSecrets(): Secrets {
  const { d, ...publicJwk } = makeWithPlainId(signingKey, ({ kid }) => kid);
  return {
    'latchkey/local': {
      SIGNING_KEYS: JSON.stringify({ keys: [{ ...publicJwk, d }] }),
      VERIFICATION_KEYS: JSON.stringify({ keys: [publicJwk] }),
      ...createHandleKeys(),
      DECRYPTION_KEYS: JSON.stringify({ keys: ['orders', 'billing'].map(decryptionKey) }),
      SEALING_KEYS: makeWithPlainId(() => randomBytes(32), sealingKeyId).toString('base64url'),
      ...createRegistryKey(),
    },
  };
}

/** Adds what earlier versions did not have. */
export const completeSecrets = ({ 'latchkey/local': secret, ...others }: Secrets): Secrets => ({
  ...others,
  'latchkey/local': { ...createHandleKeys(), ...createRegistryKey(), ...secret },
});

function signingKey() {
  const { d, crv, kty, x, y } = newKey();
  // The required members in the order of RFC 7638 section 3.2.
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return { kty, crv, x, y, kid, alg: 'ES256', use: 'sig', d };
}

const newKey = () => newKeyPair('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

const decryptionKey = (kid: string) => ({ ...newKey(), kid, alg: 'ECDH-ES+A256KW', use: 'enc' });

/** The public halves of the decryption keys, by identifier of the resource server. */
export const encryptionJwks = (secrets: Secrets): ReadonlyMap<string, EncryptionJwk> =>
  new Map(parseDecryptionKeys(secrets['latchkey/local']?.['DECRYPTION_KEYS'] ?? '').map(({ kid, jwk }) => [kid, jwk]));
