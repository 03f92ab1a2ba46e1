import type { DataKeyPairSpec, SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import { type AwsClientOptions, createAwsClient, type Timeouts } from '../aws-client.ts';
import { KeyError } from '../keys/jwk.ts';
import { Unavailable } from '../oauth/errors.ts';

export type SigningAlgorithm = SigningAlgorithmSpec;
export type KeyPairSpec = DataKeyPairSpec;

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html */
export interface KmsPublicKey {
  /** Not an alias: later signatures use this ARN. */
  readonly arn: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  readonly usage: string;
  readonly algorithms: readonly string[];
}

export interface KmsSignature {
  readonly algorithm: SigningAlgorithm;
  /** With `RAW`, KMS itself hashes, at most 4,096 bytes. */
  readonly type: 'DIGEST' | 'RAW';
  readonly message: Buffer;
}

/** Not secret. https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html */
export type EncryptionContext = Readonly<Record<string, string>>;

export interface KmsKeyPair {
  /** Of the key that encrypted the private half. */
  readonly arn: string;
  /** PKCS#8, DER, encrypted. */
  readonly ciphertext: Buffer;
  readonly spki: Buffer;
}

/** Keys are named by id, alias or ARN. @throws Unavailable when KMS does not succeed within the deadline */
export interface Kms {
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

/** Milliseconds. One request waits for at most four calls, of about 10 ms each, so an attempt that takes this long is lost. */
const PATIENCE: Timeouts = { deadline: 600, attempt: 300 };

/** One request can need two signatures, on a connection that is open by then. */
const TO_SIGN: Timeouts = { deadline: 380, attempt: 240 };

/** RSA takes longer. Only key management waits for this, and the command line. */
const TO_GENERATE: Timeouts = { deadline: 1_100, attempt: 1_000 };

const NO_MISFITS: ReadonlyMap<string, KeyError> = new Map();

export type KmsConnection = AwsClientOptions & {
  /** The factor by which timeouts are longer. */
  readonly patience?: number;
};

export function createKmsClient({ patience = 1, ...options }: KmsConnection): Kms {
  const call = createAwsClient('kms', options);

  /** `misfits` are errors that say something about the key, not about KMS. Byte arrays are base64. */
  async function send(
    operation: string,
    input: { readonly KeyId: string },
    misfits: ReadonlyMap<string, KeyError> = NO_MISFITS,
    { deadline, attempt }: Timeouts = PATIENCE,
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

/** @throws Unavailable for a member that is missing or of another type */
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
