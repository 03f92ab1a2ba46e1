import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';

/** By secret name, then by key: what Secrets Manager holds on AWS. */
export type Secrets = Record<string, Record<string, string>>;

/** The secret that `latchkey init` makes for a stage, made up anew: one ES256 key and one handle key. */
export function createSecrets(): Secrets {
  const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const { d, crv, kty, x, y } = jwk;
  // The members of RFC 7638 section 3.2, in its order.
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  const publicJwk = { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' };
  return {
    'latchkey/local': {
      SIGNING_KEYS: JSON.stringify({ keys: [{ ...publicJwk, d }] }),
      VERIFICATION_KEYS: JSON.stringify({ keys: [publicJwk] }),
      HANDLE_KEYS: randomBytes(32).toString('base64url'),
    },
  };
}
