import type { DataKeyPairSpec, SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import { type AwsClientOptions, createAwsClient, type Patience } from '../aws-client.ts';
import { KeyError } from '../keys/jwk.ts';
import { Unavailable } from '../oauth/errors.ts';

export type SigningAlgorithm = SigningAlgorithmSpec;
export type KeyPairSpec = DataKeyPairSpec;

/** A key as KMS describes it. https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html */
export interface KmsPublicKey {
  /** The key itself, whatever alias named it: later signatures use this ARN. */
  readonly arn: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  readonly usage: string;
  readonly algorithms: readonly string[];
}

export interface KmsSignature {
  readonly algorithm: SigningAlgorithm;
  /** `DIGEST`, or `RAW` where KMS itself hashes: at most 4,096 bytes then. */
  readonly type: 'DIGEST' | 'RAW';
  readonly message: Buffer;
}

/** Must be the same for encryption and decryption; not secret. https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html */
export type EncryptionContext = Readonly<Record<string, string>>;

/** A key pair made by KMS, with its private half encrypted. */
export interface KmsKeyPair {
  /** The key that encrypted the private half. */
  readonly arn: string;
  /** PKCS#8, DER, encrypted. */
  readonly ciphertext: Buffer;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
}

/**
 * The operations of KMS that are used here. Keys are named by id, alias or ARN.
 * @throws Unavailable when KMS does not succeed within the deadline, whatever the reason
 */
export interface Kms {
  /** @throws KeyError for a symmetric key */
  getPublicKey(key: string): Promise<KmsPublicKey>;
  /** ECDSA signatures are DER. */
  sign(key: string, signature: KmsSignature): Promise<Buffer>;
  /** HMAC-SHA-256. @throws KeyError for a key of another usage */
  generateMac(key: string, message: Buffer): Promise<Buffer>;
  /** @throws KeyError when this key did not encrypt it in this context */
  decrypt(key: string, ciphertext: Buffer, context: EncryptionContext): Promise<Buffer>;
  /** @throws KeyError for a key that does not encrypt */
  generateKeyPair(key: string, spec: KeyPairSpec, context: EncryptionContext): Promise<KmsKeyPair>;
}

/**
 * One request waits for at most four calls: derive a handle key, get a public key, sign an access token, sign an ID token
 * with its hash. KMS answers in about 10 ms, so an attempt that takes this long is lost, and there is time for another one.
 */
const PATIENCE: Patience = { deadline: 600, attempt: 300 };

/** One request can need two signatures, on a connection that is open by then. */
const TO_SIGN: Patience = { deadline: 380, attempt: 240 };

/** Generating an RSA key takes longer. The very first token request waits for this and then for one `decrypt`. */
const TO_GENERATE: Patience = { deadline: 1_100, attempt: 1_000 };

const NO_MISFITS: ReadonlyMap<string, KeyError> = new Map();

export type KmsConnection = AwsClientOptions & {
  /** How many times as long as a token endpoint may wait. */
  readonly patience?: number;
};

export function createKmsClient({ patience = 1, ...options }: KmsConnection): Kms {
  const call = createAwsClient('kms', options);

  /**
   * @param input byte arrays as base64, as in the answer
   * @param misfits the errors that say something about the key, not about KMS
   */
  async function send(
    operation: string,
    input: { readonly KeyId: string },
    misfits: ReadonlyMap<string, KeyError> = NO_MISFITS,
    { deadline, attempt }: Patience = PATIENCE,
  ) {
    const what = `KMS ${operation} with ${input.KeyId}`;
    try {
      const answer = await call(operation, input, { deadline: deadline * patience, attempt: attempt * patience });
      return readAnswer(what, answer);
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      throw (error instanceof Error && misfits.get(error.name)) || new Unavailable(what, error);
    }
  }

  return {
    async getPublicKey(KeyId) {
      const misfits = new Map([['UnsupportedOperationException', new KeyError(JSON.stringify(KeyId), 'is symmetric')]]);
      const { text, bytes, texts } = await send('GetPublicKey', { KeyId }, misfits);
      const usage = text('KeyUsage');
      const algorithms = usage === 'SIGN_VERIFY' ? texts('SigningAlgorithms') : [];
      return { arn: text('KeyId'), spki: bytes('PublicKey'), usage, algorithms };
    },

    async sign(KeyId, { algorithm: SigningAlgorithm, type: MessageType, message }) {
      const input = { KeyId, SigningAlgorithm, MessageType, Message: message.toString('base64') };
      return (await send('Sign', input, NO_MISFITS, TO_SIGN)).bytes('Signature');
    },

    async generateMac(KeyId, message) {
      const input = { KeyId, MacAlgorithm: 'HMAC_SHA_256', Message: message.toString('base64') };
      const misfit = new KeyError(JSON.stringify(KeyId), 'is not an HMAC_256 key');
      const { bytes } = await send('GenerateMac', input, new Map([['InvalidKeyUsageException', misfit]]));
      const mac = bytes('Mac');
      if (mac.length !== 32) throw new Unavailable(`KMS GenerateMac with ${KeyId}`);
      return mac;
    },

    async decrypt(KeyId, ciphertext, EncryptionContext) {
      const input = { KeyId, CiphertextBlob: ciphertext.toString('base64'), EncryptionContext };
      const misfit = new KeyError(JSON.stringify(KeyId), 'did not wrap this key for this issuer and kid');
      const misfits = new Map([
        ['InvalidCiphertextException', misfit],
        ['IncorrectKeyException', misfit],
      ]);
      return (await send('Decrypt', input, misfits)).bytes('Plaintext');
    },

    async generateKeyPair(KeyId, KeyPairSpec, EncryptionContext) {
      const input = { KeyId, KeyPairSpec, EncryptionContext };
      const misfit = new KeyError(JSON.stringify(KeyId), 'is not a symmetric key for encryption');
      const misfits = new Map([['InvalidKeyUsageException', misfit]]);
      const { text, bytes } = await send('GenerateDataKeyPairWithoutPlaintext', input, misfits, TO_GENERATE);
      return { arn: text('KeyId'), ciphertext: bytes('PrivateKeyCiphertextBlob'), spki: bytes('PublicKey') };
    },
  };
}

/** The members of an answer. @throws Unavailable for one that is missing or of another type */
function readAnswer(what: string, answer: Record<string, unknown>) {
  const text = (name: string): string => {
    const value = answer[name];
    if (typeof value !== 'string' || value === '') throw new Unavailable(what);
    return value;
  };
  return {
    text,
    bytes: (name: string): Buffer => Buffer.from(text(name), 'base64'),
    texts(name: string): string[] {
      const values = answer[name];
      if (!Array.isArray(values)) throw new Unavailable(what);
      return values.map(String);
    },
  };
}
