import { readFileSync } from 'node:fs';
import { type Environment, readConfig } from '../../lib/config.ts';
import type { NewKey } from '../../lib/key-registry/registry.ts';
import type { AlgorithmName } from '../../lib/keys/algorithm.ts';
import { KeyError } from '../../lib/keys/jwk.ts';
import { parseSigningKeys, type SigningKey } from '../../lib/keys/signing-key.ts';
import type { Kms } from '../../lib/kms/kms.ts';
import { getKmsKey } from '../../lib/kms/signers.ts';
import { createWrappedKey } from '../../lib/kms/wrapped-key.ts';
import { Problem } from '../problem.ts';
import type { Store } from './store.ts';
import { UsageProblem } from './usage-problem.ts';

/** Makes a new key with KMS, wrapped. @throws Problem; Unavailable */
export function makeWrappedKey(store: Store, env: Environment, alg: AlgorithmName, wrappingKey: string) {
  const issuer = store.local?.issuer ?? readConfig(env).get('ISSUER');
  return withKeyProblems(() => createWrappedKey(kmsOf(store), { issuer, wrappingKey, alg }));
}

/** The KMS key that wraps new keys: the named one, else `WRAPPING_KMS_KEY`, else that of the local stack. */
export const wrappingKeyFrom = (named: string | undefined, { local }: Store, env: Environment): string | undefined =>
  named ?? readConfig(env).find('WRAPPING_KMS_KEY') ?? local?.kms?.wrapping_key;

/** Reads the public half of a key that stays in KMS. @throws Problem; Unavailable */
export function readKmsKey(store: Store, id: string, alg: AlgorithmName | undefined): Promise<NewKey> {
  return withKeyProblems(async () => {
    const { arn, key } = await getKmsKey({ id, alg }, kmsOf(store));
    return { kid: key.kid, alg: key.alg, jwk: key.jwk, origin: { type: 'kms', key_id: arn } };
  });
}

/**
 * Finds the public half of a key whose private half the functions have in SIGNING_KEYS.
 * @param file a public JWK Set or PEM; undefined = SIGNING_KEYS and VERIFICATION_KEYS of this process
 * @throws Problem
 */
export function readEnvironmentKey(kid: string, file: string | undefined, env: Environment): Promise<NewKey> {
  return withKeyProblems(async () => {
    const known = file === undefined ? environmentKeys(env) : parseSigningKeys(readText(file), 'public');
    const key = known.find((candidate) => candidate.kid === kid);
    if (!key) {
      const where = file ?? 'SIGNING_KEYS or VERIFICATION_KEYS of this environment: give --public FILE';
      throw new Problem(`there is no key ${kid} in ${where}`);
    }
    return { kid, alg: key.alg, jwk: key.jwk, origin: { type: 'environment' } };
  });
}

/** The keys in SIGNING_KEYS and VERIFICATION_KEYS. @throws ConfigError */
export const environmentKeys = (env: Environment): readonly SigningKey[] =>
  (['SIGNING_KEYS', 'VERIFICATION_KEYS'] as const).flatMap((name) => readConfig(env).find(name) ?? []);

/** @throws Problem for a local stack without KMS */
export function kmsOf({ kms }: Store): Kms {
  if (kms) return kms;
  throw new Problem('this local stack has no stand-in for KMS: start it with npm start -- --keys wrapped');
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new UsageProblem(`the file ${path} cannot be read`);
  }
}

/** Turns what is wrong with a key into a message for the user. */
async function withKeyProblems(make: () => Promise<NewKey>): Promise<NewKey> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof KeyError) throw new Problem(error.message);
    throw error;
  }
}
