import { type Agent, Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type Credentials, signHeaders } from './aws-signature.ts';
import { elapsedMs } from './clock.ts';

// Replaces the SDK, whose DynamoDB client would take most of a cold start. The build can make this file a separate bundle, so
// it imports nothing of Latchkey that has state or a class, and callers distinguish its errors by name, not by class.

/** The prefix of `X-Amz-Target` and the version of the JSON protocol. */
const services = {
  dynamodb: { target: 'DynamoDB_20120810', version: '1.0' },
  kms: { target: 'TrentService', version: '1.1' },
} as const;

export interface AwsClientOptions {
  readonly region: string;
  readonly endpoint?: string;
  /** The domain of the partition that the region is in. */
  readonly urlSuffix?: string;
  readonly credentials: Credentials | (() => Promise<Credentials>);
  /** Called for every response with the service's time in milliseconds since the epoch; `NaN` when it does not contain it. */
  readonly onDate?: (milliseconds: number) => void;
}

/** Milliseconds: for one attempt, and for all attempts with their pauses. */
export interface Timeouts {
  readonly attempt: number;
  readonly deadline: number;
}

/** `name` is the service's name for the error. */
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

/** Makes at most three attempts. @throws AwsError for an error response or a malformed one; any other Error for none */
export type AwsCall = (operation: string, input: object, timeouts: Timeouts) => Promise<Record<string, unknown>>;

const ATTEMPTS = 3;

/** Milliseconds. The first pause is one to two times as long, the second two to four times. */
const PAUSE_MS = 40;

/** If the clocks differ by less, the signature was refused for another reason: AWS tolerates five minutes. */
const NEGLIGIBLE_SKEW_MS = 60_000;

/** As many as the SDK allows. Further requests wait for a free connection. */
const MAX_CONNECTIONS = 50;

export function createAwsClient(service: keyof typeof services, options: AwsClientOptions): AwsCall {
  const { region, credentials, urlSuffix = 'amazonaws.com' } = options;
  const { target, version } = services[service];
  const { protocol, hostname, host, port } = new URL(options.endpoint ?? `https://${service}.${region}.${urlSuffix}`);
  // Node connects to an IPv6 address only without the brackets of the URL.
  const address = hostname.replace(/^\[|\]$/g, '');
  const connections = createConnections(protocol === 'https:');
  /** Milliseconds that the service's clock is ahead. */
  let skew = 0;

  async function attempt(operation: string, body: string, timeout: number) {
    const headers = {
      host,
      'content-type': `application/x-amz-json-${version}`,
      'content-length': String(Buffer.byteLength(body)),
      'x-amz-target': `${target}.${operation}`,
    };
    const known = typeof credentials === 'function' ? await credentials() : credentials;
    const signed = signHeaders({ headers, body }, { service, region }, known, new Date(Date.now() + skew));
    const exchange = { method: 'POST', hostname: address, port, path: '/', headers: signed };
    const answer = await connections.exchange(exchange, body, timeout);
    options.onDate?.(Date.parse(answer.headers.date ?? ''));
    return answer;
  }

  /** @returns whether the signature was refused because the clocks differ */
  function correctSkew(error: Error): boolean {
    const found = skewOf(error);
    if (found === undefined || Math.abs(found - skew) < NEGLIGIBLE_SKEW_MS) return false;
    skew = found;
    return true;
  }

  return async (operation, input, { attempt: perAttempt, deadline }) => {
    const body = JSON.stringify(input);
    const end = elapsedMs() + deadline;
    for (let count = 1; ; count++) {
      const timeLeft = end - elapsedMs();
      const outcome = await attempt(operation, body, Math.min(perAttempt, timeLeft)).then(readAnswer).catch(asError);
      if (!(outcome instanceof Error)) return outcome.result;
      const isCorrected = correctSkew(outcome);
      const pause = count * PAUSE_MS * (1 + Math.random());
      const mayRetry = isCorrected || isTransient(outcome);
      if (count === ATTEMPTS || !mayRetry || elapsedMs() + pause >= end) throw outcome;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Exchange = { method: string; hostname: string; port: string; path: string; headers: Record<string, string> };

/**
 * While Lambda freezes a container, idle connections can close unnoticed. None is reused after an attempt without a response.
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
    /** @param timeout milliseconds. @throws Error without a complete response */
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

/** @throws AwsError unless it is a JSON object with status 200, and not the body of an error, which would pass for an empty result */
function readAnswer(answer: Answer): { readonly result: Record<string, unknown> } {
  const result = parseObject(answer.body);
  const { __type: type, message, Message } = result ?? {};
  const isError = [type, message, Message].some((member) => member !== undefined);
  if (answer.status === 200 && result && !isError) return { result };
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

/** No response, throttling, or a fault of the service. */
const isTransient = (error: Error) =>
  !(error instanceof AwsError) || error.status >= 500 || /Throttl|ThroughputExceeded|LimitExceeded/.test(error.name);

/**
 * Undefined when the clocks cannot be the cause.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
 */
function skewOf(error: Error): number | undefined {
  const isSuspect =
    error instanceof AwsError && /^(InvalidSignature|Signature|RequestTimeTooSkewed|RequestExpired)/.test(error.name);
  return isSuspect && !Number.isNaN(error.date) ? error.date - Date.now() : undefined;
}
