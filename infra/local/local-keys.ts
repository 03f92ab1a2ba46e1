import { createPublicKey, type KeyObject } from 'node:crypto';
import type { SignRegistry } from '../../lib/key-registry/management.ts';
import { registrySigner } from '../../lib/key-registry/registry-signer.ts';
import { privateRegistryKey, registryKeyText } from '../../lib/keys/registry-key.ts';
import { parseSigningKeys } from '../../lib/keys/signing-key.ts';
import { deriveHandleKeys } from '../../lib/kms/handle-keys.ts';
import type { Parameters } from '../parameters.ts';
import type { SavedKeys } from './kms/key-ring.ts';
import { completeSecrets, createSecrets, type Secrets } from './secrets.ts';

export const keyOrigins = ['environment', 'kms', 'wrapped'] as const;

export type KeyOrigin = (typeof keyOrigins)[number];

/** The keys of the local stack, from any origin. */
export interface LocalKeys {
  /** The content of Secrets Manager. */
  readonly secrets: Secrets;
  /** Parameters that the stack is packaged with. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Variables for every function. */
  readonly environment: Readonly<Record<string, string>>;
  /** The stand-in for KMS and its wrapping key, for the command line. */
  readonly kms?: LocalKms;
  /** What signs the key registry, as a variable of key management, and what all functions know of it. */
  readonly registry: LocalRegistryKey;
  signRegistry: SignRegistry;
  /** `HANDLE_KEYS` as the functions derive them from a key in the stand-in for KMS. */
  deriveHandleKeys?(issuer: string): Promise<string>;
  save(): SavedLocalKeys;
  stop(): Promise<void>;
}

export interface LocalKms {
  readonly endpoint: string;
  readonly wrapping_key: string;
}

export type LocalRegistryKey = { readonly REGISTRY_KEYS: string } & (
  | { readonly REGISTRY_SIGNING_KEY: string }
  | { readonly REGISTRY_KMS_KEY: string }
);

/** The keys of an earlier start. Each origin keeps its own signing and handle keys; the other secrets are shared. */
export interface SavedLocalKeys {
  readonly secrets?: Secrets;
  readonly kms?: SavedKeys;
}

const SIGNING = 'alias/latchkey-local-signing';
const WRAPPING = 'alias/latchkey-local-wrapping';
const HANDLES = 'alias/latchkey-local-handles';
const REGISTRY = 'alias/latchkey-local-registry';

const kmsKeys = {
  [SIGNING]: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
  [WRAPPING]: { KeySpec: 'SYMMETRIC_DEFAULT', KeyUsage: 'ENCRYPT_DECRYPT' },
  [HANDLES]: { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
  [REGISTRY]: { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' },
};

/** So that the packaged template can be reused: the variables of all functions have the real one. */
const ANY_REGISTRY_KEY = Buffer.alloc(32, 1).toString('base64url');
const registryParameters = { 'registry-kms-key': REGISTRY, 'registry-keys': ANY_REGISTRY_KEY };

/** Parameters that the stack is packaged with. */
export const keyParameters = {
  environment: {},
  kms: { keys: 'kms', 'signing-kms-keys': SIGNING, 'handle-kms-keys': HANDLES, ...registryParameters },
  wrapped: { keys: 'wrapped', 'wrapping-kms-key': WRAPPING, 'handle-kms-keys': HANDLES, ...registryParameters },
} as const satisfies Record<KeyOrigin, Parameters>;

/** Uses aliases, although IAM needs ARNs: with aliases, the packaged template can be reused by the next start. */
async function startLocalKms({ kms: saved, secrets = createSecrets() }: SavedLocalKeys) {
  const { startKms } = await import('./kms/server.ts');
  const { endpoint, call, save, stop } = await startKms(saved);
  for (const [AliasName, input] of Object.entries(kmsKeys)) {
    if (saved?.aliases[AliasName] !== undefined) continue;
    const { KeyMetadata } = call('CreateKey', input) as { KeyMetadata: { KeyId: string } };
    call('CreateAlias', { AliasName, TargetKeyId: KeyMetadata.KeyId });
  }
  // Signing and handle keys come from KMS; the keys that open encrypted tokens stay in the secret.
  const { SIGNING_KEYS, HANDLE_KEYS, VERIFICATION_KEYS, ...others } = secrets['latchkey/local'] ?? {};
  const getPublicKey = (KeyId: string) => {
    const { PublicKey } = call('GetPublicKey', { KeyId }) as { PublicKey: string };
    return createPublicKey({ key: Buffer.from(PublicKey, 'base64'), format: 'der', type: 'spki' });
  };
  const REGISTRY_KEYS = registryKeyText(getPublicKey(REGISTRY)) ?? '';
  const environment = { AWS_ENDPOINT_URL_KMS: endpoint, REGISTRY_KEYS };
  async function generateMac(KeyId: string, message: Buffer) {
    const input = { KeyId, MacAlgorithm: 'HMAC_SHA_256', Message: message.toString('base64') };
    const { Mac } = call('GenerateMac', input) as { Mac: string };
    return Buffer.from(Mac, 'base64');
  }
  return {
    endpoint,
    call,
    others,
    environment,
    getPublicKey,
    registry: { REGISTRY_KEYS, REGISTRY_KMS_KEY: REGISTRY },
    async signRegistry(data: Buffer) {
      const input = { KeyId: REGISTRY, SigningAlgorithm: 'ED25519_SHA_512', Message: data.toString('base64') };
      const { Signature } = call('Sign', input) as { Signature: string };
      return Buffer.from(Signature, 'base64');
    },
    kms: { endpoint, wrapping_key: WRAPPING },
    deriveHandleKeys: async (issuer: string) =>
      (await deriveHandleKeys(issuer, [HANDLES], { generateMac }))[0].toString('base64url'),
    save: () => ({ kms: save(), secrets }),
    stop,
  };
}

const start = {
  async environment({ secrets = createSecrets() }) {
    const save = () => ({ secrets });
    const { REGISTRY_SIGNING_KEY = '', REGISTRY_KEYS = '' } = secrets['latchkey/local'] ?? {};
    return {
      secrets,
      parameters: keyParameters.environment,
      environment: {},
      registry: { REGISTRY_KEYS, REGISTRY_SIGNING_KEY },
      signRegistry: registrySigner(privateRegistryKey(Buffer.from(REGISTRY_SIGNING_KEY, 'base64url'))),
      save,
      stop: async () => {},
    };
  },

  async kms(saved) {
    const { call, others, getPublicKey, ...running } = await startLocalKms(saved);
    const VERIFICATION_KEYS = publicJwks(getPublicKey(SIGNING));
    return {
      ...running,
      secrets: { 'latchkey/local': { ...others, VERIFICATION_KEYS } },
      parameters: keyParameters.kms,
    };
  },

  async wrapped(saved) {
    const { call, others, getPublicKey, ...running } = await startLocalKms(saved);
    return {
      ...running,
      secrets: { 'latchkey/local': others },
      parameters: keyParameters.wrapped,
    };
  },
} as const satisfies Record<KeyOrigin, (saved: SavedLocalKeys) => Promise<LocalKeys>>;

const signers = {
  environment: 'the keys of the environment sign',
  kms: 'the keys of the stand-in for KMS sign',
  wrapped: 'the keys of the key registry sign',
} as const satisfies Record<KeyOrigin, string>;

/** Says what a change of `--keys` on a kept state means. Tokens with a handle are found by keys that two origins share. */
export function describeKeyChange(before: KeyOrigin, now: KeyOrigin): string {
  const isOtherHandle = before === 'environment' || now === 'environment';
  const refused = isOtherHandle ? 'JWTs, reference tokens, refresh tokens and sessions' : 'JWTs';
  return `--keys ${now}: ${signers[now]} now; ${refused} from --keys ${before} are refused until you start with --keys ${before} again`;
}

/** Makes the keys, or restores those of an earlier start. */
export const startLocalKeys = (origin: KeyOrigin, { secrets, ...saved }: SavedLocalKeys = {}): Promise<LocalKeys> =>
  start[origin]({ ...saved, ...(secrets && { secrets: completeSecrets(secrets) }) });

function publicJwks(key: KeyObject): string {
  const pem = key.export({ format: 'pem', type: 'spki' });
  return JSON.stringify({ keys: parseSigningKeys(pem.toString(), 'public').map(({ jwk }) => jwk) });
}
