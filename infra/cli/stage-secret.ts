import { randomBytes } from 'node:crypto';
import type { AlgorithmName } from '../../lib/keys/algorithm.ts';
import { parseDecryptionKeys } from '../../lib/keys/encryption-key.ts';
import { sealingKeyId } from '../../lib/keys/sealing-key.ts';
import { makeWithPlainId } from '../../lib/oauth/identifier.ts';
import { environmentBytes } from '../environment-size.ts';
import { createHandleKeys, type HandleKeys } from '../handle-keys.ts';
import { newKeyPair } from '../key-pair.ts';
import { createRegistryKey } from '../registry-key.ts';
import { createSigningKeys } from '../signing-key.ts';

/** The secret of a stage. Each member becomes the environment variable of that name. */
export interface StageSecret extends HandleKeys {
  /** Private JWK Set. */
  readonly SIGNING_KEYS: string;
  /** The public halves. */
  readonly VERIFICATION_KEYS: string;
  /** Private JWK Set. The public half belongs in the record of a resource server with encrypted tokens. */
  readonly DECRYPTION_KEYS: string;
  readonly SEALING_KEYS: string;
  /** For a key registry: what signs it, and what all functions know of that. */
  readonly REGISTRY_SIGNING_KEY: string;
  readonly REGISTRY_KEYS: string;
}

/**
 * Makes one new key of each kind, and to sign, of each algorithm. Those for encrypted tokens are unused until the stage switches such
 * tokens on.
 */
export function createStageSecret(algs: readonly AlgorithmName[]): StageSecret {
  const decryptionJwk = makeWithPlainId(decryptionKey, ({ kid }) => kid);
  return {
    ...createSigningKeys(algs),
    ...createHandleKeys(),
    DECRYPTION_KEYS: JSON.stringify({ keys: [decryptionJwk] }),
    SEALING_KEYS: makeWithPlainId(() => randomBytes(32), sealingKeyId).toString('base64url'),
    ...createRegistryKey(),
  };
}

function decryptionKey() {
  const members = newKeyPair('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const [key] = parseDecryptionKeys(JSON.stringify(members));
  return { ...members, kid: '', ...key?.jwk };
}

/** The public half of the decryption key. */
export const encryptionJwk = ({ DECRYPTION_KEYS }: StageSecret) => parseDecryptionKeys(DECRYPTION_KEYS)[0]?.jwk;

/** At most what the variables of `authorization` take that are not in the secret, with the defaults of serverless.yml. */
const OTHER_BYTES = 500;

/** The bytes that the function with the most variables has in its environment with this secret, as Lambda counts them. */
export function environmentSize({ REFRESH_TOKEN_KEYS, ...secret }: StageSecret): number {
  // The registry's keys are smaller than the VERIFICATION_KEYS that they replace.
  const { REGISTRY_SIGNING_KEY, REGISTRY_KEYS, DECRYPTION_KEYS, ...authorization } = secret;
  const { SIGNING_KEYS, CODE_KEYS, SESSION_KEYS, PAGE_KEYS, ...verifying } = authorization;
  const revocation = { REFRESH_TOKEN_KEYS, DECRYPTION_KEYS, ...verifying };
  const needs = [authorization, revocation].map(environmentBytes);
  return Math.max(...needs) + OTHER_BYTES;
}

/** The secret without its private parts. */
export function elided(secret: StageSecret): StageSecret {
  const { SIGNING_KEYS, VERIFICATION_KEYS, DECRYPTION_KEYS, REGISTRY_KEYS, ...others } = secret;
  return {
    ...(Object.fromEntries(Object.keys(others).map((name) => [name, ELIDED])) as typeof others),
    SIGNING_KEYS: elidedSet(SIGNING_KEYS),
    VERIFICATION_KEYS,
    DECRYPTION_KEYS: elidedSet(DECRYPTION_KEYS),
    REGISTRY_KEYS,
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
