// A server between the functions and the table that counts requests on the wire, and on demand fails in the ways that DynamoDB
// and the network fail.
import { once as eventOf } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sendToTable, type TableAnswer } from '../../infra/local/table.ts';
import { type Receiver, receiveInProcess } from './in-process-http.ts';
import { reusablePort } from './port.ts';

/** A request to the table: its operation, such as `GetItem`, and its input. */
export interface StoreRequest {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly headers: IncomingHttpHeaders;
}

/** How the store treats a request. `forward()` sends it to the table and returns the answer, which the behaviour may drop. */
export interface Behaviour {
  (response: ServerResponse, forward: () => Promise<TableAnswer>, request: StoreRequest): void | Promise<void>;
  /** Whether it does not only pass this request on. Absent = always. */
  concerns?(request: StoreRequest): boolean;
}

export interface FaultyStore {
  readonly endpoint: string;
  /** Returns the requests since the last call of this function. */
  take(): StoreRequest[];
  /** Sets the behaviour for later requests; without a behaviour, they are passed to the table. */
  behave(behaviour?: Behaviour): void;
  refuseConnections(): Promise<void>;
  acceptConnections(): Promise<void>;
  stop(): Promise<void>;
}

const pass: Behaviour = async (response, forward) => send(response, await forward());
pass.concerns = () => false;

function send(response: ServerResponse, { status, headers, body }: TableAnswer): void {
  response.writeHead(status, headers).end(body);
}

function read(headers: IncomingHttpHeaders, body: Buffer): StoreRequest {
  const [, operation = ''] = String(headers['x-amz-target']).split('.');
  return { operation, input: JSON.parse(body.toString()) as StoreRequest['input'], headers };
}

let atWork = 0;

/** Whether any store in this thread is handling a request. */
export const isStoreAtWork = (): boolean => atWork > 0;

/**
 * @param upstream the endpoint of a table in this process
 * @param isOnTheWire whether connections and signatures matter also for requests that are only passed on
 */
export async function startFaultyStore(upstream: string, isOnTheWire = false): Promise<FaultyStore> {
  let seen: StoreRequest[] = [];
  let behaviour = pass;

  const server = createServer(async (incoming, response) => {
    const { headers } = incoming;
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const request = read(headers, body);
    seen.push(request);
    atWork++;
    try {
      await behaviour(response, () => sendToTable(upstream, headers, body), request);
    } catch {
      response.socket?.destroy();
    } finally {
      atWork--;
    }
  });

  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await eventOf(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const close = async () => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await eventOf(server, 'close');
  };

  const endpoint = `http://127.0.0.1:${await listen(await reusablePort())}`;
  const receive: Receiver = (headers, body) => {
    const request = read(headers, body);
    if (!server.listening || (behaviour.concerns?.(request) ?? true)) return undefined;
    seen.push(request);
    return sendToTable(upstream, headers, body);
  };
  if (!isOnTheWire) receiveInProcess(endpoint, receive);
  return {
    endpoint,
    take() {
      const taken = seen;
      seen = [];
      return taken;
    },
    behave(next = pass) {
      behaviour = next;
    },
    refuseConnections: close,
    async acceptConnections() {
      if (!server.listening) await listen(Number(new URL(endpoint).port));
    },
    stop: close,
  };
}

/** Answers with an error of DynamoDB. */
export const refusal =
  (status: number, type: string, headers: TableAnswer['headers'] = {}): Behaviour =>
  (response) =>
    send(response, {
      status,
      headers: { 'content-type': 'application/x-amz-json-1.0', ...headers },
      body: Buffer.from(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'no' })),
    });

/** AWS refuses signatures that are more than five minutes off. */
const MAX_SKEW_MS = 300_000;

/** The table's clock is ahead, and the table refuses requests that were signed by a clock too far off. */
export const aheadBy =
  (milliseconds: number): Behaviour =>
  async (response, forward, request) => {
    const now = new Date(Date.now() + milliseconds);
    const [date, time] = String(request.headers['x-amz-date']).split('T') as [string, string];
    const signed = Date.parse(`${date.replace(/^(....)(..)/, '$1-$2-')}T${time.replace(/^(..)(..)/, '$1:$2:')}`);
    const headers = { date: now.toUTCString() };
    if (Math.abs(now.getTime() - signed) > MAX_SKEW_MS)
      return refusal(400, 'InvalidSignatureException', headers)(response, forward, request);
    const answer = await forward();
    send(response, { ...answer, headers: { ...answer.headers, ...headers } });
  };

/** Answers with any text. */
export const garbage =
  (body: string, status = 200): Behaviour =>
  (response) =>
    send(response, { status, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: Buffer.from(body) });

/** The ways in which the store can fail, except for refused connections: see `refuseConnections`. */
export const faults = {
  'throttled by the table': refusal(400, 'ProvisionedThroughputExceededException'),
  'throttled by the account': refusal(400, 'ThrottlingException'),
  'request limit exceeded': refusal(400, 'RequestLimitExceeded'),
  'access denied': refusal(400, 'AccessDeniedException'),
  'expired credentials': refusal(400, 'ExpiredTokenException'),
  'unknown credentials': refusal(400, 'UnrecognizedClientException'),
  'no such table': refusal(400, 'ResourceNotFoundException'),
  'validation failed': refusal(400, 'ValidationException'),
  'status 500': refusal(500, 'InternalServerError'),
  'status 503': garbage('Service Unavailable', 503),
  'status 302': garbage('', 302),
  'no answer ever': () => {},
  'headers, then no answer ever': (response) => void response.writeHead(200, { 'content-length': 100 }).write('{"It'),
  'connection reset': (response) => void response.socket?.resetAndDestroy(),
  'connection reset in mid-answer': (response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{"It');
    setTimeout(() => response.socket?.resetAndDestroy(), 5);
  },
  'an answer cut short': garbage('{"Item":{"pk":{"S":"x'),
  'an answer in HTML': garbage('<!doctype html><title>Proxy</title>'),
  'an answer lost after the fact': async (response, forward) => {
    await forward();
    response.socket?.resetAndDestroy();
  },
} as const satisfies Record<string, Behaviour>;

/** Applies a behaviour to those requests only that it is meant for. */
export function onlyIf(concerns: (request: StoreRequest) => boolean, behaviour: Behaviour): Behaviour {
  const limited: Behaviour = (response, forward, request) =>
    (concerns(request) ? behaviour : pass)(response, forward, request);
  return Object.assign(limited, { concerns });
}

/** Applies a behaviour to these operations only. */
export const onlyFor = (operations: readonly string[], behaviour: Behaviour): Behaviour =>
  onlyIf(({ operation }) => operations.includes(operation), behaviour);

/** Applies a behaviour to the first `count` requests only. */
export function times(count: number, behaviour: Behaviour): Behaviour {
  let left = count;
  return onlyIf(
    () => left > 0,
    (...exchange) => {
      left--;
      return behaviour(...exchange);
    },
  );
}

/** Applies a behaviour to one request only. */
export const once = (behaviour: Behaviour): Behaviour => times(1, behaviour);

/** Holds back all answers until this many requests have arrived, so that a caller that sends them one by one waits for ever. */
export function inFlightTogether(count: number): Behaviour {
  let arrived = 0;
  let release = () => {};
  const all = new Promise<void>((resolve) => {
    release = resolve;
  });
  return async (response, forward) => {
    arrived++;
    if (arrived >= count) release();
    await all;
    send(response, await forward());
  };
}

/** Names a request by operation and kind of item, such as `UpdateItem GRANT`. */
export function callOf({ operation, input }: StoreRequest): string {
  const { Key, Item, ExpressionAttributeValues: values } = input as Record<string, Record<string, { S?: string }>>;
  const pk = (Key ?? Item)?.['pk']?.S ?? (values?.[':pk'] ?? values?.[':list'])?.S ?? '';
  const [kind, of] = pk.split('#');
  return `${operation} ${kind === 'EPOCH' ? `${kind} ${of}` : kind}`;
}

/** Applies a behaviour to one kind of call only: to its first request or to all. */
export function onlyAt(call: string, behaviour: Behaviour, which: 'first' | 'all' = 'all'): Behaviour {
  let isOver = false;
  return onlyIf(
    (request) => callOf(request) === call && !isOver,
    (...exchange) => {
      isOver = which === 'first';
      return behaviour(...exchange);
    },
  );
}
