import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { type Algorithm, type AlgorithmName, algorithms } from '../../lib/keys/algorithm.ts';
import { parseDecryptionKeys } from '../../lib/keys/encryption-key.ts';
import { sealingKeyId } from '../../lib/keys/sealing-key.ts';
import { parseSigningKeys } from '../../lib/keys/signing-key.ts';
import { handleKeyId } from '../../lib/oauth/handle.ts';
import { withPlainId } from '../../lib/oauth/plain-id.ts';

/** What a stage's secret holds; each member becomes an environment variable of that name. */
export interface StageSecret {
  /** Private JWK Set. */
  readonly SIGNING_KEYS: string;
  /** The public halves. */
  readonly VERIFICATION_KEYS: string;
  readonly HANDLE_KEYS: string;
  /** Private JWK Set. The public half goes into the record of an API whose tokens are encrypted. */
  readonly DECRYPTION_KEYS: string;
  readonly SEALING_KEYS: string;
}

/**
 * RSA at 2048 bits, so that one private key and three public ones, enough for a rotation, fit into a function's environment.
 * Two private ones do not.
 */
function generate(alg: AlgorithmName): KeyObject {
  const { kty, crv = '' }: Algorithm = algorithms[alg];
  if (kty === 'RSA') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  if (kty === 'EC') return generateKeyPairSync('ec', { namedCurve: crv }).privateKey;
  return generateKeyPairSync('ed25519').privateKey;
}

/** One new key of each kind; those of encrypted tokens wait until the stage switches such tokens on. */
export function createStageSecret(alg: AlgorithmName): StageSecret {
  const { members, jwk } = withPlainId(
    () => signingKey(alg),
    ({ jwk }) => jwk.kid,
  );
  const decryptionJwk = withPlainId(decryptionKey, ({ kid }) => kid);
  return {
    SIGNING_KEYS: JSON.stringify({ keys: [{ ...members, ...jwk }] }),
    VERIFICATION_KEYS: JSON.stringify({ keys: [jwk] }),
    HANDLE_KEYS: withPlainId(() => randomBytes(32), handleKeyId).toString('base64url'),
    DECRYPTION_KEYS: JSON.stringify({ keys: [decryptionJwk] }),
    SEALING_KEYS: withPlainId(() => randomBytes(32), sealingKeyId).toString('base64url'),
  };
}

/** Its `kid` is its thumbprint. */
function signingKey(alg: AlgorithmName) {
  const members = { ...generate(alg).export({ format: 'jwk' }), alg };
  const [{ jwk }] = parseSigningKeys(JSON.stringify(members), 'private');
  return { members, jwk };
}

function decryptionKey() {
  const members = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const [key] = parseDecryptionKeys(JSON.stringify(members));
  return { ...members, kid: '', ...key?.jwk };
}

/** The public half of the key that tokens are decrypted with. */
export const encryptionJwk = ({ DECRYPTION_KEYS }: StageSecret) => parseDecryptionKeys(DECRYPTION_KEYS)[0]?.jwk;

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html: all variables of a function together. */
const LAMBDA_BYTES = 4_096;

/** What the other variables of a function take, generously. */
const OTHER_BYTES = 1_024;

/** The bytes that the secret takes in the environment of the function that has most of it, and the bytes there are for it. */
export function environmentSize({ SIGNING_KEYS, VERIFICATION_KEYS, DECRYPTION_KEYS, ...both }: StageSecret): {
  bytes: number;
  max: number;
} {
  const needs = [
    { SIGNING_KEYS, VERIFICATION_KEYS, ...both }, // `authorization`
    { VERIFICATION_KEYS, DECRYPTION_KEYS, ...both }, // functions that only verify
  ].map((variables) => Buffer.byteLength(Object.entries(variables).flat().join('')));
  return { bytes: Math.max(...needs), max: LAMBDA_BYTES - OTHER_BYTES };
}

/** The same with everything elided that is secret. */
export function elided(secret: StageSecret): StageSecret {
  return {
    SIGNING_KEYS: elidedSet(secret.SIGNING_KEYS),
    VERIFICATION_KEYS: secret.VERIFICATION_KEYS,
    HANDLE_KEYS: secret.HANDLE_KEYS && ELIDED,
    DECRYPTION_KEYS: elidedSet(secret.DECRYPTION_KEYS),
    SEALING_KEYS: secret.SEALING_KEYS && ELIDED,
  };
}

const ELIDED = '(elided)';

/** What a public key may say of itself. */
const PUBLIC_MEMBERS = new Set(['kty', 'kid', 'alg', 'use', 'crv', 'x', 'y', 'n', 'e']);

function elidedSet(text: string): string {
  const { keys } = JSON.parse(text) as { keys: Record<string, string>[] };
  const shown = keys.map((key) =>
    Object.fromEntries(
      Object.entries(key).map(([member, value]) => [member, PUBLIC_MEMBERS.has(member) ? value : ELIDED]),
    ),
  );
  return JSON.stringify({ keys: shown });
}
