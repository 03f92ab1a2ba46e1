import { createPublicKey, type KeyObject } from 'node:crypto';
import type { SignRegistry } from '../../lib/key-registry/management.ts';
import { registrySigner } from '../../lib/key-registry/registry-signer.ts';
import { privateRegistryKey, registryKeyText } from '../../lib/keys/registry-key.ts';
import { parseSigningKeys } from '../../lib/keys/signing-key.ts';
import { deriveHandleKeys, kmsGroups } from '../../lib/kms/handle-keys.ts';
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
  /** Variables with the keys of handles that are not in the secrets: derived from KMS, or of version 0.1.0. */
  handleKeys(issuer: string): Promise<Readonly<Record<string, string>>>;
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
/** For ID tokens. */
const SIGNING_RSA = 'alias/latchkey-local-signing-rsa';
const WRAPPING = 'alias/latchkey-local-wrapping';
const REFERENCE_TOKENS = 'alias/latchkey-local-reference-tokens';
const GRANTS = 'alias/latchkey-local-grants';
const SESSIONS = 'alias/latchkey-local-sessions';
/** Of version 0.1.0, for all kinds of handles. */
const HANDLES = 'alias/latchkey-local-handles';
const REGISTRY = 'alias/latchkey-local-registry';

const HMAC = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' };

const kmsKeys = {
  [SIGNING]: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
  [SIGNING_RSA]: { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
  [WRAPPING]: { KeySpec: 'SYMMETRIC_DEFAULT', KeyUsage: 'ENCRYPT_DECRYPT' },
  [REGISTRY]: { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' },
  [REFERENCE_TOKENS]: HMAC,
  [GRANTS]: HMAC,
  [SESSIONS]: HMAC,
};

const groups = {
  'reference-token-kms-keys': REFERENCE_TOKENS,
  'grant-kms-keys': GRANTS,
  'session-kms-keys': SESSIONS,
};

/** So that the packaged template can be reused: the variables of all functions have the real one. */
const ANY_REGISTRY_KEY = Buffer.alloc(32, 1).toString('base64url');
const registryParameters = { 'registry-kms-key': REGISTRY, 'registry-keys': ANY_REGISTRY_KEY };

/** Parameters that the stack is packaged with. */
export const keyParameters = {
  environment: {},
  kms: { keys: 'kms', 'signing-kms-keys': `${SIGNING},${SIGNING_RSA}`, ...groups, ...registryParameters },
  wrapped: { keys: 'wrapped', 'wrapping-kms-key': WRAPPING, ...groups, ...registryParameters },
} as const satisfies Record<KeyOrigin, Parameters>;

/** Uses aliases, although IAM needs ARNs: with aliases, the packaged template can be reused by the next start. */
async function startLocalKms({ kms: saved, secrets = createSecrets() }: SavedLocalKeys) {
  const hasOld = saved?.aliases[HANDLES] !== undefined;
  const { startKms } = await import('./kms/server.ts');
  const { endpoint, call, save, stop } = await startKms(saved);
  for (const [AliasName, input] of Object.entries(kmsKeys)) {
    if (saved?.aliases[AliasName] !== undefined) continue;
    const { KeyMetadata } = call('CreateKey', input) as { KeyMetadata: { KeyId: string } };
    call('CreateAlias', { AliasName, TargetKeyId: KeyMetadata.KeyId });
  }
  // Signing and handle keys come from KMS; the keys that open encrypted tokens stay in the secret.
  const { DECRYPTION_KEYS = '', SEALING_KEYS = '' } = secrets['latchkey/local'] ?? {};
  const getPublicKey = (KeyId: string) => {
    const { PublicKey } = call('GetPublicKey', { KeyId }) as { PublicKey: string };
    return createPublicKey({ key: Buffer.from(PublicKey, 'base64'), format: 'der', type: 'spki' });
  };
  const REGISTRY_KEYS = registryKeyText(getPublicKey(REGISTRY)) ?? '';
  const environment = { AWS_ENDPOINT_URL_KMS: endpoint, REGISTRY_KEYS, ...(hasOld && { HANDLE_KMS_KEYS: HANDLES }) };
  async function generateMac(KeyId: string, message: Buffer) {
    const input = { KeyId, MacAlgorithm: 'HMAC_SHA_256', Message: message.toString('base64') };
    const { Mac } = call('GenerateMac', input) as { Mac: string };
    return Buffer.from(Mac, 'base64');
  }
  return {
    endpoint,
    call,
    others: { DECRYPTION_KEYS, SEALING_KEYS },
    environment,
    getPublicKey,
    registry: { REGISTRY_KEYS, REGISTRY_KMS_KEY: REGISTRY },
    async signRegistry(data: Buffer) {
      const input = { KeyId: REGISTRY, SigningAlgorithm: 'ED25519_SHA_512', Message: data.toString('base64') };
      const { Signature } = call('Sign', input) as { Signature: string };
      return Buffer.from(Signature, 'base64');
    },
    kms: { endpoint, wrapping_key: WRAPPING },
    async handleKeys(issuer: string) {
      const derive = async (alias: string, group?: string) =>
        (await deriveHandleKeys(issuer, [alias], { generateMac }, group))[0].toString('base64url');
      const [REFERENCE_TOKEN_KEYS, grants, sessions] = await Promise.all([
        derive(REFERENCE_TOKENS, kmsGroups.REFERENCE_TOKEN_KMS_KEYS),
        derive(GRANTS, kmsGroups.GRANT_KMS_KEYS),
        derive(SESSIONS, kmsGroups.SESSION_KMS_KEYS),
      ]);
      return {
        ...{
          REFERENCE_TOKEN_KEYS,
          CODE_KEYS: grants,
          REFRESH_TOKEN_KEYS: grants,
          SESSION_KEYS: sessions,
          PAGE_KEYS: sessions,
        },
        ...(hasOld && { HANDLE_KEYS: await derive(HANDLES) }),
      };
    },
    save: () => ({ kms: save(), secrets }),
    stop,
  };
}

const start = {
  async environment({ secrets = createSecrets() }) {
    const save = () => ({ secrets });
    const { REGISTRY_SIGNING_KEY = '', REGISTRY_KEYS = '', HANDLE_KEYS } = secrets['latchkey/local'] ?? {};
    const environment = HANDLE_KEYS === undefined ? {} : { HANDLE_KEYS };
    return {
      secrets,
      parameters: keyParameters.environment,
      environment,
      handleKeys: async () => environment,
      registry: { REGISTRY_KEYS, REGISTRY_SIGNING_KEY },
      signRegistry: registrySigner(privateRegistryKey(Buffer.from(REGISTRY_SIGNING_KEY, 'base64url'))),
      save,
      stop: async () => {},
    };
  },

  async kms(saved) {
    const { call, others, getPublicKey, ...running } = await startLocalKms(saved);
    const VERIFICATION_KEYS = publicJwks([SIGNING, SIGNING_RSA].map(getPublicKey));
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

function publicJwks(keys: readonly KeyObject[]): string {
  const pem = keys.map((key) => key.export({ format: 'pem', type: 'spki' })).join('');
  return JSON.stringify({ keys: parseSigningKeys(pem, 'public').map(({ jwk }) => jwk) });
}
