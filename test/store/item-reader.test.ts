// The bare signed request by which the JWK Set reads the registry: what is on the wire, and what is made of the answer.
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createItemReader } from '../../lib/store/item-reader.ts';

interface Seen {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server;
let endpoint: string;
let seen: Seen[] = [];
let connections = 0;
let answer: (response: ServerResponse) => void;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    seen.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    answer(response);
  });
  server.on('connection', () => connections++);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  seen = [];
  connections = 0;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const credentials = { accessKeyId: 'AKID', secretAccessKey: 'hush', sessionToken: 'session' };
const key = { pk: 'KEYS', sk: 'KEYS' };
const open = (more: object = {}) =>
  createItemReader({ tableName: 'the-table', region: 'eu-west-1', endpoint, credentials, ...more });
const send = (body: unknown, status = 200) => {
  answer = (response) => void response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
};

const hmac = (secret: string | Buffer, text: string) => createHmac('sha256', secret).update(text).digest();
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** The signature as its receiver works it out. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function signatureOf({ headers, body }: Seen): string {
  const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1] ?? '';
  const canonical = [
    ...['POST', '/', ''],
    ...names.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
    ...['', names, sha256(body)],
  ].join('\n');
  const date = String(headers['x-amz-date']);
  const scope = [date.slice(0, 8), 'eu-west-1', 'dynamodb', 'aws4_request'];
  const signing = scope.reduce<string | Buffer>(hmac, 'AWS4hush') as Buffer;
  return hmac(signing, ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n')).toString('hex');
}

describe('the request', () => {
  it('is a consistent read, signed as its receiver works it out', async () => {
    send({});
    await open()(key);
    const [request] = seen as [Seen];
    expect(JSON.parse(request.body)).toEqual({
      TableName: 'the-table',
      Key: { pk: { S: 'KEYS' }, sk: { S: 'KEYS' } },
      ConsistentRead: true,
    });
    const { authorization = '', ...headers } = request.headers;
    expect(headers).toMatchObject({
      'x-amz-target': 'DynamoDB_20120810.GetItem',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-security-token': 'session',
    });
    const scope = `${String(headers['x-amz-date']).slice(0, 8)}/eu-west-1/dynamodb/aws4_request`;
    expect(authorization).toContain(`AWS4-HMAC-SHA256 Credential=AKID/${scope}, `);
    for (const name of ['host', 'x-amz-date', 'x-amz-target', 'x-amz-security-token']) {
      expect(authorization.split('SignedHeaders=')[1]).toMatch(new RegExp(`^[^,]*\\b${name}\\b`));
    }
    expect(authorization.split('Signature=')[1]).toBe(signatureOf(request));
  });

  it('keeps its connection', async () => {
    send({});
    const read = open();
    for (let index = 0; index < 3; index++) await read(key);
    expect([seen.length, connections]).toEqual([3, 1]);
  });

  it.each(['region', 'credentials'])('is not made without %s', async (name) => {
    await expect(open({ [name]: undefined })(key)).rejects.toMatchObject({ name: 'Unavailable' });
    expect(seen).toEqual([]);
  });
});

describe('the answer', () => {
  it('is read whatever it is made of', async () => {
    const M = { text: { S: 'a' }, number: { N: '12' }, yes: { BOOL: true }, nothing: { NULL: true } };
    send({ Item: { pk: { S: 'KEYS' }, list: { L: [{ M }, { L: [] }] } } });
    expect(await open()(key)).toEqual({ pk: 'KEYS', list: [{ text: 'a', number: 12, yes: true, nothing: null }, []] });
  });

  it('may be that there is none', async () => {
    send({});
    expect(await open()(key)).toBeUndefined();
  });

  const refusal = (type: string) => ({ __type: `com.amazonaws.dynamodb.v20120810#${type}` });
  it.each<[string, unknown, number, number]>([
    ['throttled', refusal('ThrottlingException'), 400, 3],
    ['too much', refusal('ProvisionedThroughputExceededException'), 400, 3],
    ['broken', refusal('InternalServerError'), 500, 3],
    ['denied', refusal('AccessDeniedException'), 400, 1],
    ['no table', refusal('ResourceNotFoundException'), 400, 1],
    ['moved', '', 302, 1],
    ['no JSON', '<!doctype html>', 200, 1],
    ['of an unknown type', { Item: { set: { SS: ['a'] } } }, 200, 1],
  ])('%s is no item', async (_name, body, status, attempts) => {
    send(body, status);
    await expect(open()(key)).rejects.toMatchObject({ name: 'Unavailable' });
    expect(seen).toHaveLength(attempts);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['never comes', () => {}],
    ['never ends', (response) => void response.writeHead(200, { 'content-length': 100 }).write('{"Item":')],
    ['is cut off', (response) => void response.socket?.resetAndDestroy()],
  ])('that %s is given up in time', async (_name, behaviour) => {
    answer = behaviour;
    const start = performance.now();
    await expect(open()(key)).rejects.toMatchObject({ name: 'Unavailable' });
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it('that comes at the second attempt is as good', async () => {
    answer = (response) => {
      response.socket?.resetAndDestroy();
      send({ Item: { pk: { S: 'KEYS' } } });
    };
    expect(await open()(key)).toEqual({ pk: 'KEYS' });
    expect(seen).toHaveLength(2);
  });
});
