import { KeyError } from '../keys/jwk.ts';
import { lazy } from '../lazy.ts';
import { Unavailable } from '../oauth/errors.ts';
import type { KeyPairSpec, KmsClient, KmsOptions, SigningAlgorithm } from './kms-client.ts';

/** A key as KMS describes it. https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html */
export interface KmsPublicKey {
  /** The key itself, whatever alias led to it: what is signed later is signed by this one. */
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

/** What has to be said again to decrypt: nothing secret. https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html */
export type EncryptionContext = Readonly<Record<string, string>>;

/** A key pair that KMS made and of which it gave out the public half only. */
export interface KmsKeyPair {
  /** The key that the private half is encrypted by. */
  readonly arn: string;
  /** PKCS#8, DER, encrypted. */
  readonly ciphertext: Buffer;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
}

/**
 * KMS, in the few ways it is used. Keys are named by id, alias or ARN.
 * @throws Unavailable whenever KMS does not do as asked, whatever the reason, within the deadline
 */
export interface Kms {
  /** @throws KeyError if it has no public half */
  getPublicKey(key: string): Promise<KmsPublicKey>;
  /** ECDSA signatures are DER. */
  sign(key: string, signature: KmsSignature): Promise<Buffer>;
  /** HMAC-SHA-256. @throws KeyError if the key is for something else */
  generateMac(key: string, message: Buffer): Promise<Buffer>;
  /** The plaintext is the only copy that there is of those bytes. @throws KeyError if this key did not make it like that */
  decrypt(key: string, ciphertext: Buffer, context: EncryptionContext): Promise<Buffer>;
  /** @throws KeyError if the key does not encrypt */
  generateKeyPair(key: string, spec: KeyPairSpec, context: EncryptionContext): Promise<KmsKeyPair>;
}

/** How long is waited for an answer, and for one attempt at it. Milliseconds. */
interface Patience {
  readonly deadline: number;
  readonly attempt: number;
}

/**
 * Four calls are the most that one request can wait for: derive a handle key, get a public key, sign an access token, sign an
 * ID token that names its hash. KMS answers in some 10 ms, so what takes so long as an attempt is lost, and there is time for
 * another one.
 */
const PATIENCE: Patience = { deadline: 600, attempt: 300 };

/** What comes twice, and with a client that has been at work before. */
const TO_SIGN: Patience = { deadline: 380, attempt: 240 };

/** To find the primes of an RSA key takes longer. The first token of all waits for this and then for one `decrypt`. */
const TO_GENERATE: Patience = { deadline: 1_100, attempt: 1_000 };

const CONNECTION_TIMEOUT_MS = 250;

const ATTEMPTS = 3;

const NO_MISFITS: ReadonlyMap<string, KeyError> = new Map();

/** Milliseconds before another attempt, and up to twice as long: the SDK's own 1,000 are more than a caller waits. */
const PAUSE_MS = 40;

type Call<Output> = (
  client: KmsClient,
  options: { abortSignal: AbortSignal; requestTimeout: number },
) => Promise<Output>;

export type KmsConnection = Omit<KmsOptions, 'requestHandler'> & {
  /** How many times as long as a token endpoint may wait. For whoever is not waited for. */
  readonly patience?: number;
};

/** The client is loaded at the first call: a deployment without KMS does not wait for it. */
export function createKms({ patience = 1, ...options }: KmsConnection): Kms {
  const getClient = lazy(async () => {
    const { createKmsClient } = await import('./kms-client.ts');
    const connectionTimeout = CONNECTION_TIMEOUT_MS * patience;
    return createKmsClient({ ...options, requestHandler: { connectionTimeout, throwOnRequestTimeout: true } });
  });

  /**
   * What the SDK throws ends here.
   * @param misfits errors that say something of the key, not of KMS
   */
  async function send<Output>(
    what: string,
    call: Call<Output>,
    misfits: ReadonlyMap<string, KeyError> = NO_MISFITS,
    { deadline, attempt: requestTimeout } = PATIENCE,
  ): Promise<Output> {
    const client = await getClient();
    const abortSignal = AbortSignal.timeout(deadline * patience);
    for (let attempt = 1; ; attempt++) {
      try {
        return await call(client, { abortSignal, requestTimeout: requestTimeout * patience });
      } catch (error) {
        const misfit = misfits.get(nameOf(error));
        if (misfit) throw misfit;
        if (attempt === ATTEMPTS || abortSignal.aborted || !mayPass(error)) throw new Unavailable(what, error);
      }
      await pause(attempt);
    }
  }

  return {
    async getPublicKey(key) {
      const what = `KMS GetPublicKey of ${key}`;
      const misfits = new Map([['UnsupportedOperationException', new KeyError(JSON.stringify(key), 'is symmetric')]]);
      const answer = await send(what, (client, call) => client.getPublicKey(key, call), misfits);
      const { KeyId: arn, PublicKey, KeyUsage: usage = '', SigningAlgorithms: algorithms = [] } = answer;
      if (!arn || !PublicKey) throw new Unavailable(what);
      return { arn, spki: Buffer.from(PublicKey), usage, algorithms };
    },

    async sign(KeyId, { algorithm: SigningAlgorithm, type: MessageType, message: Message }) {
      const what = `KMS Sign by ${KeyId}`;
      const input = { KeyId, SigningAlgorithm, MessageType, Message };
      const { Signature } = await send(what, (client, call) => client.sign(input, call), NO_MISFITS, TO_SIGN);
      if (!Signature) throw new Unavailable(what);
      return Buffer.from(Signature);
    },

    async generateMac(KeyId, Message) {
      const what = `KMS GenerateMac by ${KeyId}`;
      const input = { KeyId, MacAlgorithm: 'HMAC_SHA_256', Message } as const;
      const misfit = new KeyError(JSON.stringify(KeyId), 'is not an HMAC_256 key');
      const misfits = new Map([['InvalidKeyUsageException', misfit]]);
      const { Mac } = await send(what, (client, call) => client.generateMac(input, call), misfits);
      if (Mac?.length !== 32) throw new Unavailable(what);
      return Buffer.from(Mac);
    },

    async decrypt(KeyId, CiphertextBlob, EncryptionContext) {
      const what = `KMS Decrypt by ${KeyId}`;
      const input = { KeyId, CiphertextBlob, EncryptionContext };
      const misfit = new KeyError(JSON.stringify(KeyId), 'did not wrap this key for this issuer and kid');
      const misfits = new Map([
        ['InvalidCiphertextException', misfit],
        ['IncorrectKeyException', misfit],
      ]);
      const { Plaintext } = await send(what, (client, call) => client.decrypt(input, call), misfits);
      if (!Plaintext) throw new Unavailable(what);
      // Those bytes themselves, so that whoever wipes them wipes all there is.
      return Buffer.from(Plaintext.buffer, Plaintext.byteOffset, Plaintext.byteLength);
    },

    async generateKeyPair(KeyId, KeyPairSpec, EncryptionContext) {
      const what = `KMS GenerateDataKeyPairWithoutPlaintext by ${KeyId}`;
      const input = { KeyId, KeyPairSpec, EncryptionContext };
      const misfit = new KeyError(JSON.stringify(KeyId), 'is not a symmetric key for encryption');
      const misfits = new Map([['InvalidKeyUsageException', misfit]]);
      const answer = await send(what, (client, call) => client.generateKeyPair(input, call), misfits, TO_GENERATE);
      const { KeyId: arn, PrivateKeyCiphertextBlob, PublicKey } = answer;
      if (!arn || !PrivateKeyCiphertextBlob || !PublicKey) throw new Unavailable(what);
      return { arn, ciphertext: Buffer.from(PrivateKeyCiphertextBlob), spki: Buffer.from(PublicKey) };
    },
  };
}

const nameOf = (error: unknown) => (error instanceof Error ? error.name : '');

/** Throttling, and all but a clear no: a status of 500 and more, or no answer at all. */
function mayPass(error: unknown): boolean {
  if (nameOf(error) === 'ThrottlingException') return true;
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  return status === undefined || status >= 500;
}

const pause = (attempt: number) =>
  new Promise((resolve) => setTimeout(resolve, attempt * PAUSE_MS * (1 + Math.random())));
