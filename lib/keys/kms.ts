import { Unavailable } from '../oauth/errors.ts';
import { lazy } from '../oauth/lazy.ts';
import { KeyError } from './jwk.ts';
import type { KmsClient, KmsOptions, SigningAlgorithm } from './kms-client.ts';

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
}

/** Three calls are the most that one request can wait for: derive a handle key, get a public key, sign. Two of them do. */
const DEADLINE_MS = 650;

/** KMS answers in some 10 ms, so what takes this long is lost, and there is time for another attempt. */
const ATTEMPT = { connectionTimeout: 250, requestTimeout: 300, throwOnRequestTimeout: true };

const ATTEMPTS = 3;

/** Milliseconds before another attempt, and up to twice as long: the SDK's own 1,000 are more than a caller waits. */
const PAUSE_MS = 40;

type Call<Output> = (client: KmsClient, options: { abortSignal: AbortSignal }) => Promise<Output>;

/** The client is loaded at the first call: a deployment without KMS does not wait for it. */
export function createKms(options: Omit<KmsOptions, 'requestHandler'>): Kms {
  const getClient = lazy(async () => {
    const { createKmsClient } = await import('./kms-client.ts');
    return createKmsClient({ ...options, requestHandler: ATTEMPT });
  });

  /**
   * What the SDK throws ends here.
   * @param misfits errors that say something of the key, not of KMS
   */
  async function send<Output>(
    what: string,
    call: Call<Output>,
    misfits: ReadonlyMap<string, KeyError> = new Map(),
  ): Promise<Output> {
    const client = await getClient();
    const abortSignal = AbortSignal.timeout(DEADLINE_MS);
    for (let attempt = 1; ; attempt++) {
      try {
        return await call(client, { abortSignal });
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
      const { Signature } = await send(what, (client, call) => client.sign(input, call));
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
