import { createHash, createHmac } from 'node:crypto';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { SignatureV4 } from '@smithy/signature-v4';

// DynamoDB's GetItem as a bare signed request, for functions that are too small for the SDK. A bundle of its own, loaded
// at the first call, because not every deployment reads: so it holds nothing else of ours, and throws no errors that we
// tell apart.

export interface ItemClientOptions {
  readonly region: string;
  readonly endpoint: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

export interface ItemResponse {
  readonly status: number;
  readonly body: string;
}

type Data = string | ArrayBuffer | ArrayBufferView;
const bytes = (data: Data) =>
  typeof data === 'string' || ArrayBuffer.isView(data) ? (data as string | Uint8Array) : new Uint8Array(data);

/** The digests of Node in the form that the signer wants: with a secret it is an HMAC. */
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

/** One attempt each. Connections are kept, as the next request comes within a minute in a container that is busy. */
export function createItemClient({ region, endpoint, credentials }: ItemClientOptions) {
  const signer = new SignatureV4({ service: 'dynamodb', region, credentials, sha256: Sha256, applyChecksum: false });
  const { protocol, hostname, host, port } = new URL(endpoint);
  const isHttps = protocol === 'https:';
  const agent = isHttps ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  const send = isHttps ? httpsRequest : httpRequest;

  /** @throws Error when there is no whole answer before the signal */
  return async (input: object, signal: AbortSignal): Promise<ItemResponse> => {
    const body = JSON.stringify(input);
    const headers = {
      host,
      'content-type': 'application/x-amz-json-1.0',
      'content-length': String(Buffer.byteLength(body)),
      'x-amz-target': 'DynamoDB_20120810.GetItem',
    };
    const signed = await signer.sign({ method: 'POST', protocol, hostname, path: '/', headers, body });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { method: 'POST', hostname, port, path: '/', headers: signed.headers, agent, signal };
      send(options, resolve).once('error', reject).end(body);
    });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
  };
}
