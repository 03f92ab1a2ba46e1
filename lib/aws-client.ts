import { createHash, createHmac } from 'node:crypto';
import { type Agent, Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { SignatureV4 } from '@smithy/signature-v4';

// A client for the AWS services with a JSON protocol, in place of the SDK: loading the SDK's DynamoDB client would take most of a
// cold start. The build can make this file a separate bundle, so it imports nothing else of Latchkey, and callers distinguish its
// errors by name and not by class.

/** For each service, the prefix of `X-Amz-Target` and the version of the JSON protocol. */
const services = {
  dynamodb: { target: 'DynamoDB_20120810', version: '1.0' },
  kms: { target: 'TrentService', version: '1.1' },
} as const;

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface AwsClientOptions {
  readonly region: string;
  /** By default, the endpoint of the service in the region. */
  readonly endpoint?: string;
  readonly credentials: Credentials | (() => Promise<Credentials>);
}

/** Timeouts in milliseconds: for one attempt, and for all attempts and the pauses between them. */
export interface Patience {
  readonly attempt: number;
  readonly deadline: number;
}

/** An error response. `name` is the service's name for the error. */
export class AwsError extends Error {
  readonly status: number;
  /** The service's time in milliseconds since the epoch; `NaN` when the response does not contain it. */
  readonly date: number;

  constructor(name: string, message: string, { status, headers }: Pick<Answer, 'status' | 'headers'>) {
    super(message);
    this.name = name;
    this.status = status;
    this.date = Date.parse(headers.date ?? '');
  }
}

/**
 * Calls an operation of the service, in at most three attempts.
 * @returns the response: a JSON object
 * @throws AwsError for an error response, or one that is no JSON object; any other Error when there was no response
 */
export type AwsCall = (operation: string, input: object, patience: Patience) => Promise<Record<string, unknown>>;

const ATTEMPTS = 3;

/** Milliseconds. The pause before the second attempt is one to two times as long, before the third attempt two to four times. */
const PAUSE_MS = 40;

/** If the clocks differ by less, the signature was refused for another reason: AWS tolerates five minutes. */
const NEGLIGIBLE_SKEW_MS = 60_000;

/** As many as the SDK allows. Further requests wait for a free connection. */
const MAX_CONNECTIONS = 50;

export function createAwsClient(service: keyof typeof services, options: AwsClientOptions): AwsCall {
  const { region, credentials } = options;
  const { target, version } = services[service];
  const { protocol, hostname, host, port } = new URL(
    options.endpoint ?? `https://${service}.${region}.${suffixOf(region)}`,
  );
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256, applyChecksum: false });
  const connections = createConnections(protocol === 'https:');
  /** How far the service's clock is ahead of ours, in milliseconds. */
  let skew = 0;

  async function attempt(operation: string, body: string, timeout: number) {
    const headers = {
      host,
      'content-type': `application/x-amz-json-${version}`,
      'content-length': String(Buffer.byteLength(body)),
      'x-amz-target': `${target}.${operation}`,
    };
    const request = { method: 'POST', protocol, hostname, path: '/', headers, body };
    const signed = await signer.sign(request, { signingDate: new Date(Date.now() + skew) });
    return connections.exchange({ method: 'POST', hostname, port, path: '/', headers: signed.headers }, body, timeout);
  }

  /** Adopts the service's clock if the signature was refused because the clocks differ. @returns whether that is so */
  function correctSkew(error: Error): boolean {
    const found = skewOf(error);
    if (found === undefined || Math.abs(found - skew) < NEGLIGIBLE_SKEW_MS) return false;
    skew = found;
    return true;
  }

  return async (operation, input, { attempt: perAttempt, deadline }) => {
    const body = JSON.stringify(input);
    const end = performance.now() + deadline;
    for (let count = 1; ; count++) {
      const timeLeft = end - performance.now();
      const outcome = await attempt(operation, body, Math.min(perAttempt, timeLeft)).then(readAnswer).catch(asError);
      if (!(outcome instanceof Error)) return outcome.result;
      const isCorrected = correctSkew(outcome);
      const pause = count * PAUSE_MS * (1 + Math.random());
      const mayRetry = isCorrected || isTransient(outcome);
      if (count === ATTEMPTS || !mayRetry || performance.now() + pause >= end) throw outcome;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };
}

/** The domains of the partitions whose regions begin like this. https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json */
const suffixes = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
] as const;

const suffixOf = (region: string): string =>
  suffixes.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'amazonaws.com';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Exchange = { method: string; hostname: string; port: string; path: string; headers: Record<string, string> };

/**
 * Connections that are kept alive. While Lambda freezes a container, all of them can be closed unnoticed. So after an attempt
 * without a response no idle connection is used again: the next attempt opens a new one.
 */
function createConnections(isHttps: boolean) {
  const send = isHttps ? httpsRequest : httpRequest;
  const createAgent = (): Agent =>
    new (isHttps ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
  let agent = createAgent();

  function abandon(suspect: Agent) {
    if (agent === suspect) agent = createAgent();
    suspect.maxFreeSockets = 0; // connections in use end with the request that uses them
    for (const socket of Object.values(suspect.freeSockets).flat()) socket?.destroy();
  }

  return {
    /** @param timeout milliseconds. @throws Error when there is no complete response in time */
    async exchange(options: Exchange, body: string, timeout: number): Promise<Answer> {
      const used = agent;
      try {
        return await new Promise<Answer>((resolve, reject) => {
          const request = send({ ...options, agent: used }, (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () =>
              resolve({
                status: response.statusCode ?? 0,
                headers: response.headers,
                body: Buffer.concat(chunks).toString(),
              }),
            );
          });
          const timer = setTimeout(() => request.destroy(new Error('timed out')), timeout);
          request.on('error', reject).on('close', () => clearTimeout(timer));
          request.end(body);
        });
      } catch (error) {
        abandon(used);
        throw error;
      }
    },
  };
}

/** @throws AwsError unless it is a JSON object with status 200 */
function readAnswer(answer: Answer): { readonly result: Record<string, unknown> } {
  const result = parseObject(answer.body);
  if (answer.status === 200 && result) return { result };
  const { __type: type, message, Message } = result ?? {};
  const name = typeof type === 'string' ? (type.split('#').at(-1) ?? type) : 'UnreadableAnswer';
  throw new AwsError(name, String(message ?? Message ?? `status ${answer.status}`), answer);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error('unknown'));

/** Another attempt may succeed: there was no response, the request was throttled, or the service had a fault. */
const isTransient = (error: Error) =>
  !(error instanceof AwsError) || error.status >= 500 || /Throttl|ThroughputExceeded|LimitExceeded/.test(error.name);

/**
 * How far the service's clock is ahead of ours in milliseconds; undefined when that cannot be why a request was refused.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
 */
function skewOf(error: Error): number | undefined {
  const isSuspect =
    error instanceof AwsError && /^(InvalidSignature|Signature|RequestTimeTooSkewed|RequestExpired)/.test(error.name);
  return isSuspect && !Number.isNaN(error.date) ? error.date - Date.now() : undefined;
}

type Data = string | ArrayBuffer | ArrayBufferView;
const bytes = (data: Data) =>
  typeof data === 'string' || ArrayBuffer.isView(data) ? (data as string | Uint8Array) : new Uint8Array(data);

/** A digest, or with a secret an HMAC, in the form that the signer expects. */
class Sha256 {
  readonly #hash;

  constructor(secret?: Data) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytes(secret));
  }

  update(data: Data) {
    this.#hash.update(bytes(data));
  }

  digest = async () => new Uint8Array(this.#hash.digest());

  reset() {}
}
