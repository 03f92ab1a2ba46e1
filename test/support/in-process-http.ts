/**
 * Replaces node:http for lib/aws-client.ts in the normal run. A connection costs more than what the embedded table does with a
 * request, so requests to it reach it without one, and so do those that a store of faulty-store.ts only counts and passes on.
 * Everything else goes over the wire, such as faults and KMS.
 */
import { EventEmitter } from 'node:events';
import http, {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { isTableHere, sendToTable, type TableAnswer } from '../../infra/local/table.ts';

export const { Agent } = http;

type Send = (headers: IncomingHttpHeaders, body: Buffer) => Promise<TableAnswer>;

/** What takes requests without a connection, by endpoint; undefined while it must see connections. */
const receivers = new Map<string, () => Send | undefined>();

/** Lets requests to a server of this process do without a connection for as long as `find` finds a receiver. */
export function receiveInProcess(endpoint: string, find: () => Send | undefined): void {
  receivers.set(endpoint, find);
}

function receiverOf(endpoint: string): Send | undefined {
  if (isTableHere(endpoint)) return (headers, body) => sendToTable(endpoint, headers, body);
  return receivers.get(endpoint)?.();
}

type Respond = (response: IncomingMessage) => void;

/** As much of a request as the client uses. */
class InProcessRequest extends EventEmitter {
  readonly #send: (body: Buffer) => Promise<TableAnswer>;
  readonly #respond: Respond;
  #isOver = false;

  constructor(send: (body: Buffer) => Promise<TableAnswer>, respond: Respond) {
    super();
    this.#send = send;
    this.#respond = respond;
  }

  async end(text: string): Promise<void> {
    const { status, headers, body } = await this.#send(Buffer.from(text));
    if (this.#isOver) return;
    this.#isOver = true;
    const date = new Date().toUTCString();
    const response = Object.assign(new EventEmitter(), { statusCode: status, headers: { date, ...headers } });
    this.#respond(response as unknown as IncomingMessage);
    response.emit('data', body);
    response.emit('end');
    this.emit('close');
  }

  destroy(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.emit('error', error);
    this.emit('close');
  }
}

export function request(options: RequestOptions, respond: Respond): ClientRequest {
  const send = receiverOf(`http://${options.hostname}:${options.port}`);
  if (!send) return http.request(options, respond);
  const headers = options.headers as IncomingHttpHeaders;
  return new InProcessRequest((body) => send(headers, body), respond) as unknown as ClientRequest;
}
