import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { type Algorithm, type AlgorithmName, algorithms } from '../../lib/keys/algorithm.ts';
import { parseDecryptionKeys } from '../../lib/keys/encryption-key.ts';
import { sealingKeyId } from '../../lib/keys/sealing-key.ts';
import { parseSigningKeys } from '../../lib/keys/signing-key.ts';
import { handleKeyId } from '../../lib/oauth/handle.ts';
import { withPlainId } from '../../lib/oauth/identifier.ts';

/** The secret of a stage. Each member becomes the environment variable of that name. */
export interface StageSecret {
  /** Private JWK Set. */
  readonly SIGNING_KEYS: string;
  /** The public halves. */
  readonly VERIFICATION_KEYS: string;
  readonly HANDLE_KEYS: string;
  /** Private JWK Set. The public half belongs in the record of a resource server with encrypted tokens. */
  readonly DECRYPTION_KEYS: string;
  readonly SEALING_KEYS: string;
}

/**
 * RSA keys have 2048 bits, so that one private and three public keys, enough for a rotation, fit into the environment of a
 * function. Two private RSA keys do not fit.
 */
function generate(alg: AlgorithmName): KeyObject {
  const { kty, crv = '' }: Algorithm = algorithms[alg];
  if (kty === 'RSA') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  if (kty === 'EC') return generateKeyPairSync('ec', { namedCurve: crv }).privateKey;
  return generateKeyPairSync('ed25519').privateKey;
}

/** Makes one new key of each kind. Those for encrypted tokens are unused until the stage switches such tokens on. */
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

/** The `kid` is the thumbprint of the key. */
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

/** The public half of the decryption key. */
export const encryptionJwk = ({ DECRYPTION_KEYS }: StageSecret) => parseDecryptionKeys(DECRYPTION_KEYS)[0]?.jwk;

/** Limit for all variables of a function. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const LAMBDA_BYTES = 4_096;

/** A generous estimate of what the other variables of a function take. */
const OTHER_BYTES = 1_024;

/** The bytes that the secret takes in the environment of the function that needs most of it, and the bytes available. */
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

/** The secret without its private parts. */
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

/** Members that a public key may have. */
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
