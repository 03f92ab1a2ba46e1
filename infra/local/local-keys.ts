import { createPublicKey } from 'node:crypto';
import { parseKeys } from '../../lib/keys/jwk.ts';
import type { SavedKeys } from './kms/key-ring.ts';
import { createSecrets, type Secrets } from './secrets.ts';

export const keyOrigins = ['environment', 'kms'] as const;

export type KeyOrigin = (typeof keyOrigins)[number];

/** The keys of the local stack, from wherever they come. */
export interface LocalKeys {
  /** What Secrets Manager holds. */
  readonly secrets: Secrets;
  /** Parameters that the stack is packaged with. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Set in every function. */
  readonly environment: Readonly<Record<string, string>>;
  save(): SavedLocalKeys;
  stop(): Promise<void>;
}

/** Keys as an earlier start left them: each origin keeps its own, and they share what is of no origin. */
export interface SavedLocalKeys {
  readonly secrets?: Secrets;
  readonly kms?: SavedKeys;
}

const SIGNING = 'alias/latchkey-local-signing';
const HANDLES = 'alias/latchkey-local-handles';

const kmsKeys = {
  [SIGNING]: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
  [HANDLES]: { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
};

const start = {
  async environment({ secrets = createSecrets() }) {
    const save = () => ({ secrets });
    return { secrets, parameters: {}, environment: {}, save, stop: async () => {} };
  },

  async kms({ kms: saved, secrets = createSecrets() }) {
    const { startKms } = await import('./kms/server.ts');
    const { endpoint, call, save, stop } = await startKms(saved);
    if (!saved) {
      for (const [AliasName, input] of Object.entries(kmsKeys)) {
        const { KeyMetadata } = call('CreateKey', input) as { KeyMetadata: { KeyId: string } };
        call('CreateAlias', { AliasName, TargetKeyId: KeyMetadata.KeyId });
      }
    }
    const { PublicKey } = call('GetPublicKey', { KeyId: SIGNING }) as { PublicKey: string };
    // Tokens are signed and handles made by KMS; what opens encrypted ones stays a secret.
    const { SIGNING_KEYS, HANDLE_KEYS, ...others } = secrets['latchkey/local'] ?? {};
    const VERIFICATION_KEYS = publicJwks(Buffer.from(PublicKey, 'base64'));
    return {
      secrets: { 'latchkey/local': { ...others, VERIFICATION_KEYS } },
      // Named by alias and not by ARN, as is right for IAM, so that the packaged template is good for the next start too.
      parameters: { keys: 'kms', 'signing-kms-keys': SIGNING, 'handle-kms-keys': HANDLES },
      environment: { AWS_ENDPOINT_URL_KMS: endpoint },
      save: () => ({ kms: save(), secrets }),
      stop,
    };
  },
} as const satisfies Record<KeyOrigin, (saved: SavedLocalKeys) => Promise<LocalKeys>>;

/** Makes the keys, or takes up those of an earlier start. */
export const startLocalKeys = (origin: KeyOrigin, saved: SavedLocalKeys = {}): Promise<LocalKeys> =>
  start[origin](saved);

function publicJwks(spki: Buffer): string {
  const pem = createPublicKey({ key: spki, format: 'der', type: 'spki' }).export({ format: 'pem', type: 'spki' });
  return JSON.stringify({ keys: parseKeys(pem.toString(), 'public').map(({ jwk }) => jwk) });
}
