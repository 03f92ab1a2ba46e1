import { createHash } from 'node:crypto';
import { type Algorithm, type AlgorithmName, algorithms } from '../keys/algorithm.ts';
import { derToJose } from '../keys/ecdsa-signature.ts';
import { KeyError, requireDistinctKids } from '../keys/jwk.ts';
import { noKeyFor, type Signer, type Signers } from '../keys/signer.ts';
import { checkSigningKey, readSpki } from '../keys/signing-key.ts';
import { lazy } from '../lazy.ts';
import { OAuthError, Unavailable } from '../oauth/errors.ts';
import type { Kms, KmsSignature } from './kms.ts';

export interface KmsKey {
  /** Key id, alias or ARN. */
  readonly id: string;
  /** Absent = the first that fits the key: RS256 for RSA. */
  readonly alg?: AlgorithmName;
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html */
const kmsNames = {
  RS256: 'RSASSA_PKCS1_V1_5_SHA_256',
  RS384: 'RSASSA_PKCS1_V1_5_SHA_384',
  RS512: 'RSASSA_PKCS1_V1_5_SHA_512',
  PS256: 'RSASSA_PSS_SHA_256',
  PS384: 'RSASSA_PSS_SHA_384',
  PS512: 'RSASSA_PSS_SHA_512',
  ES256: 'ECDSA_SHA_256',
  ES384: 'ECDSA_SHA_384',
  ES512: 'ECDSA_SHA_512',
  EdDSA: 'ED25519_SHA_512',
} as const satisfies Record<AlgorithmName, KmsSignature['algorithm']>;

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html */
const MAX_RAW_BYTES = 4096;

/** Loads every public key at the first signature, so that an unfit key is refused at once, not months later. */
export function kmsSigners(keys: readonly [KmsKey, ...KmsKey[]], kms: Kms): Signers {
  const loaders = keys.map(({ id, alg }) => ({ alg, load: lazy(() => kmsSigner({ id, alg }, kms)) }));
  let allSeen = false;

  const seeAll = async () => {
    const attempts = loaders.map(({ load }) => load());
    const results = await Promise.allSettled(attempts);
    const misfit = results.find((result) => result.status === 'rejected' && !(result.reason instanceof Unavailable));
    if (misfit?.status === 'rejected') throw misfit.reason;
    const signers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    // A verifier knows one algorithm for a `kid`, so one key cannot serve under two names.
    requireDistinctKids(signers);
    allSeen = signers.length === keys.length;
    return attempts;
  };

  const find = async (alg?: string) => {
    const attempts = allSeen ? [] : await seeAll();
    for (const [index, { alg: declared, load }] of loaders.entries()) {
      if (alg !== undefined && declared !== undefined && declared !== alg) continue;
      const signer = await (attempts[index] ?? load());
      if (alg === undefined || signer.alg === alg) return signer;
    }
    return undefined;
  };

  const get = async (alg?: string) => {
    const signer = await find(alg);
    if (!signer) throw noKeyFor(alg);
    return signer;
  };
  return { get, prefer: async (alg) => (await find(alg)) ?? get() };
}

const kmsSigner = async (named: NamedKey, kms: Kms): Promise<Signer> =>
  createKmsSigner(await getKmsKey(named, kms), kms);

export function createKmsSigner({ key, arn }: Awaited<ReturnType<typeof getKmsKey>>, kms: Kms): Signer {
  const algorithm: Algorithm = algorithms[key.alg];
  return {
    kid: key.kid,
    alg: key.alg,
    async sign(data) {
      const signature = await kms.sign(arn, { algorithm: kmsNames[key.alg], ...messageOf(data, algorithm) });
      const jose = algorithm.bytes === undefined ? signature : derToJose(signature, algorithm.bytes);
      // An issued token must be valid, and this signature was made elsewhere.
      if (!algorithm.verify(data, key.key, jose)) throw new Unavailable(`a valid signature from KMS with ${arn}`);
      return jose;
    },
  };
}

/** A token may be longer than the longest raw message. */
function messageOf(data: Buffer, { hash }: Algorithm): Pick<KmsSignature, 'type' | 'message'> {
  if (hash) return { type: 'DIGEST', message: createHash(hash).update(data).digest() };
  if (data.length > MAX_RAW_BYTES) throw new OAuthError('invalid_request', 'the token would be too large');
  return { type: 'RAW', message: data };
}

interface NamedKey {
  readonly id: string;
  readonly alg: AlgorithmName | undefined;
  /** Absent = the thumbprint. */
  readonly kid?: string;
}

/** @throws Unavailable; KeyError with the given name of the key */
export async function getKmsKey({ id, alg, kid }: NamedKey, kms: Kms) {
  const name = JSON.stringify(id);
  const { arn, spki, usage, algorithms: offered } = await kms.getPublicKey(id);
  if (usage !== 'SIGN_VERIFY') throw new KeyError(name, 'is not for signatures');
  const key = checkSigningKey(name, { alg, kid }, readSpki(name, spki));
  if (!offered.includes(kmsNames[key.alg])) throw new KeyError(name, `cannot sign with ${key.alg}`);
  return { key, arn };
}
