import { type Environment, readConfig } from '../../lib/config.ts';
import type { RegisteredKey } from '../../lib/key-registry/registry.ts';
import { jwkThumbprint, KeyError } from '../../lib/keys/jwk.ts';
import type { SigningKey } from '../../lib/keys/signing-key.ts';
import { getKmsKey } from '../../lib/kms/signers.ts';
import { unwrapKey } from '../../lib/kms/wrapped-key.ts';
import { Unavailable } from '../../lib/oauth/errors.ts';
import { Problem } from '../problem.ts';
import { serviceEnvironment } from './local-stack.ts';
import { environmentKeys, kmsOf } from './new-key.ts';
import type { Store } from './store.ts';

/** Where the origins of keys are. */
export interface Origins {
  readonly store: Store;
  readonly env: Environment;
  readonly region: string | undefined;
}

/**
 * Compares the public halves in a registry that nobody vouches for with what the origins of the keys say. Whoever may write the
 * registry can also name another origin, so people have to look whether the KMS keys are theirs.
 * @returns by `kid`, why a public half could not be checked
 * @throws Problem naming the keys whose public halves are others
 */
export async function checkPublicHalves(
  keys: readonly RegisteredKey[],
  origins: Origins,
): Promise<ReadonlyMap<string, string>> {
  const findings = await Promise.all(keys.map(async (key) => ({ kid: key.kid, ...(await compare(key, origins)) })));
  const others = findings.filter(({ isOther }) => isOther).map(({ kid }) => kid);
  if (others.length > 0) {
    throw new Problem(
      `somebody has replaced the public half of ${others.join(', ')}: it is not that of its origin; leave the key out with --without, or restore the table`,
    );
  }
  return new Map(
    findings.flatMap(({ kid, unchecked }) => (unchecked === undefined ? [] : [[kid, unchecked] as const])),
  );
}

async function compare(key: RegisteredKey, origins: Origins): Promise<{ isOther?: boolean; unchecked?: string }> {
  try {
    const found = await findAtOrigin(key, origins);
    return found
      ? { isOther: jwkThumbprint(found.jwk) !== jwkThumbprint(key.jwk) }
      : { unchecked: 'it is in no SIGNING_KEYS or VERIFICATION_KEYS that this command can read' };
  } catch (error) {
    // KMS has another kind of key, or did not wrap this one.
    if (error instanceof KeyError) return { isOther: true };
    if (!(error instanceof Unavailable || error instanceof Problem)) throw error;
    const { message, cause } = error;
    return { unchecked: cause instanceof Error ? `${message} (${cause.name})` : message };
  }
}

/** @returns undefined for a key of an environment that is not known. @throws KeyError; Unavailable; Problem */
async function findAtOrigin(
  { kid, alg, origin }: RegisteredKey,
  { store, env, region }: Origins,
): Promise<SigningKey | undefined> {
  if (origin.type === 'kms') return (await getKmsKey({ id: origin.key_id, alg, kid }, kmsOf(store))).key;
  if (origin.type === 'wrapped') {
    const issuer = store.local?.issuer ?? readConfig(env).get('ISSUER');
    return unwrapKey(kmsOf(store), issuer, { kid, alg }, origin);
  }
  const inEnvironment = (variables: Environment) => environmentKeys(variables).find((key) => key.kid === kid);
  const found = inEnvironment(serviceEnvironment(env, store.local));
  if (found || store.stage === undefined) return found;
  const { readSecret } = await import('./stored-secret.ts');
  return inEnvironment(await readSecret(`latchkey/${store.stage}`, env, region));
}
