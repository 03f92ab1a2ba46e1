/**
 * Replaces node:http and the signer for lib/aws-client.ts in the normal run. A connection and a signature cost more than what the
 * embedded table does with a request, so requests to it have neither, and nor have those that a store of faulty-store.ts only
 * counts and passes on. Everything else goes over the wire, such as faults and KMS.
 */
import { EventEmitter } from 'node:events';
import http, {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { isTableHere, sendToTable, type TableAnswer } from '../../infra/local/table.ts';
import { signHeaders as sign } from '../../lib/aws-signature.ts';

export const { Agent } = http;

type Send = (headers: IncomingHttpHeaders, body: Buffer) => Promise<TableAnswer>;

/** Takes a request without a connection; undefined if the request needs one. */
export type Receiver = (...request: Parameters<Send>) => ReturnType<Send> | undefined;

/** By endpoint. */
const receivers = new Map<string, Receiver>();

export function receiveInProcess(endpoint: string, receiver: Receiver): void {
  receivers.set(endpoint, receiver);
}

function receiverOf(endpoint: string): Receiver | undefined {
  if (isTableHere(endpoint)) return (headers, body) => sendToTable(endpoint, headers, body);
  return receivers.get(endpoint);
}

type Respond = (response: IncomingMessage) => void;

/** As much of a request as the client uses. It has a connection only if the receiver wants one. */
class InProcessRequest extends EventEmitter {
  readonly #receiver: Receiver;
  readonly #options: RequestOptions;
  readonly #respond: Respond;
  #isOver = false;
  #onTheWire: ClientRequest | undefined;

  constructor(receiver: Receiver, options: RequestOptions, respond: Respond) {
    super();
    this.#receiver = receiver;
    this.#options = options;
    this.#respond = respond;
  }

  end(text: string): void {
    const answering = this.#receiver(this.#options.headers as IncomingHttpHeaders, Buffer.from(text));
    if (answering) void this.#answer(answering);
    else {
      this.#onTheWire = http.request(this.#options, this.#respond);
      for (const event of ['error', 'close']) this.#onTheWire.on(event, (...details) => this.emit(event, ...details));
      this.#onTheWire.end(text);
    }
  }

  async #answer(answering: Promise<TableAnswer>): Promise<void> {
    const { status, headers, body } = await answering;
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
    if (this.#onTheWire) this.#onTheWire.destroy(error);
    if (this.#onTheWire || this.#isOver) return;
    this.#isOver = true;
    this.emit('error', error);
    this.emit('close');
  }
}

/** The embedded table requires a signature, but does not check it. */
const NO_SIGNATURE =
  'AWS4-HMAC-SHA256 Credential=local/20120810/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0';

export const signHeaders: typeof sign = (request, ...rest) => {
  if (!receiverOf(`http://${request.headers['host']}`)) return sign(request, ...rest);
  const [, , date] = rest;
  return {
    ...request.headers,
    'x-amz-date': date.toISOString().replace(/[-:]|\.\d+/g, ''),
    authorization: NO_SIGNATURE,
  };
};

export function request(options: RequestOptions, respond: Respond): ClientRequest {
  const receiver = receiverOf(`http://${options.hostname}:${options.port}`);
  if (!receiver) return http.request(options, respond);
  return new InProcessRequest(receiver, options, respond) as unknown as ClientRequest;
}
