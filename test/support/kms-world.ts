// A deployment with all keys in KMS, with the stand-in for KMS.
import { createPublicKey } from 'node:crypto';
import { KMSClient } from '@aws-sdk/client-kms';
import { type Kms, startKms } from '../../infra/local/kms/server.ts';
import { makeRsaKey } from './rsa-keys.ts';
import { startWorld, type Variables, type World } from './world.ts';

/** The KMS key spec for each algorithm. */
export const keySpecs = {
  RS256: 'RSA_2048',
  RS384: 'RSA_2048',
  RS512: 'RSA_2048',
  PS256: 'RSA_2048',
  PS384: 'RSA_2048',
  PS512: 'RSA_2048',
  ES256: 'ECC_NIST_P256',
  ES384: 'ECC_NIST_P384',
  ES512: 'ECC_NIST_P521',
  EdDSA: 'ECC_NIST_EDWARDS25519',
} as const;

export type KmsAlgorithm = keyof typeof keySpecs;

/** A client of the AWS SDK with its defaults, but without retries. */
export const connectKms = ({ endpoint }: Pick<Kms, 'endpoint'>) =>
  new KMSClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  });

/** Makes a key. @returns its ARN */
export function createKey(kms: Kms, KeySpec: string, KeyUsage = 'SIGN_VERIFY'): string {
  const { KeyMetadata } = kms.call('CreateKey', { KeySpec, KeyUsage }) as { KeyMetadata: { Arn: string } };
  return KeyMetadata.Arn;
}

export const createHandleKey = (kms: Kms) => createKey(kms, 'HMAC_256', 'GENERATE_VERIFY_MAC');

/** Variables for a world whose handle keys are in the environment instead. */
export const NO_KMS_HANDLES = { REFERENCE_TOKEN_KMS_KEYS: '', GRANT_KMS_KEYS: '', SESSION_KMS_KEYS: '' };

/** The variable VERIFICATION_KEYS with public keys from KMS. @param arns algorithm by ARN of the key */
export function verificationKeys(kms: Kms, arns: Readonly<Record<string, string | undefined>>): string {
  const keys = Object.entries(arns).map(([arn, alg]) => {
    const { PublicKey } = kms.call('GetPublicKey', { KeyId: arn }) as { PublicKey: string };
    const key = createPublicKey({ key: Buffer.from(PublicKey, 'base64'), format: 'der', type: 'spki' });
    return { ...key.export({ format: 'jwk' }), ...(alg !== undefined && { alg }) };
  });
  return JSON.stringify({ keys });
}

export interface KmsWorld extends World {
  readonly kms: Kms;
  /** ARNs. */
  readonly signingKey: string;
  /** That of reference tokens. */
  readonly handleKey: string;
}

/** Starts a deployment with one ES256 key and an HMAC key for each group of handles, unless the variables name others. */
export async function startKmsWorld(variables: (kms: Kms) => Variables = () => ({})): Promise<KmsWorld> {
  const kms = await startKms(undefined, makeRsaKey);
  const signingKey = createKey(kms, 'ECC_NIST_P256');
  const handleKey = createHandleKey(kms);
  const world = await startWorld({
    SIGNING_KEYS: '',
    HANDLE_KEYS: '',
    SIGNING_KMS_KEYS: signingKey,
    REFERENCE_TOKEN_KMS_KEYS: handleKey,
    GRANT_KMS_KEYS: createHandleKey(kms),
    SESSION_KMS_KEYS: createHandleKey(kms),
    VERIFICATION_KEYS: verificationKeys(kms, { [signingKey]: undefined }),
    AWS_ENDPOINT_URL_KMS: kms.endpoint,
    ...variables(kms),
  });
  const stop = async () => {
    await Promise.all([world.stop(), kms.stop()]);
  };
  return { ...world, kms, signingKey, handleKey, stop };
}
