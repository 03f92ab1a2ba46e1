// How functions that mostly do without the table read an item of it: what is sent, and how answers are read.
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createItemReader } from '../../lib/store/item-reader.ts';
import { passTime } from '../support/pass-time.ts';
import { PATIENCE } from '../support/world.ts';

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
  createItemReader({ tableName: 'the-table', region: 'eu-west-1', endpoint, credentials, patience: PATIENCE, ...more });
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

describe('A read of an item', () => {
  it('is strongly consistent, and has a signature that the receiver can verify', async () => {
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

  it('keeps the connection for the next read', async () => {
    send({});
    const read = open();
    for (let index = 0; index < 3; index++) await read(key);
    expect([seen.length, connections]).toEqual([3, 1]);
  });
});

describe('The answer to a read of an item', () => {
  it('may have attributes of every type that the service stores', async () => {
    const M = { text: { S: 'a' }, number: { N: '12' }, yes: { BOOL: true }, nothing: { NULL: true } };
    send({ Item: { pk: { S: 'KEYS' }, list: { L: [{ M }, { L: [] }] } } });
    expect(await open()(key)).toEqual({ pk: 'KEYS', list: [{ text: 'a', number: 12, yes: true, nothing: null }, []] });
  });

  it('may be that the item does not exist', async () => {
    send({});
    expect(await open()(key)).toBeUndefined();
  });

  const refusal = (type: string) => ({ __type: `com.amazonaws.dynamodb.v20120810#${type}` });
  it.each<[string, unknown, number, number]>([
    ['throttled', refusal('ThrottlingException'), 400, 3],
    ['throughput exceeded', refusal('ProvisionedThroughputExceededException'), 400, 3],
    ['status 500', refusal('InternalServerError'), 500, 3],
    ['access denied', refusal('AccessDeniedException'), 400, 1],
    ['no such table', refusal('ResourceNotFoundException'), 400, 1],
    ['a redirect', '', 302, 1],
    ['HTML', '<!doctype html>', 200, 1],
    ['an attribute of unknown type', { Item: { set: { SS: ['a'] } } }, 200, 1],
  ])('that is "%s" is an error, not an absent item', async (_name, body, status, attempts) => {
    send(body, status);
    await passTime(() => expect(open()(key)).rejects.toMatchObject({ name: 'Unavailable' }));
    expect(seen).toHaveLength(attempts);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['never comes', () => {}],
    ['never ends', (response) => void response.writeHead(200, { 'content-length': 100 }).write('{"Item":')],
    ['is cut off', (response) => void response.socket?.resetAndDestroy()],
  ])('that %s is given up within two seconds', async (_name, behaviour) => {
    answer = behaviour;
    const read = open({ patience: 1 });
    const { waited } = await passTime(() => expect(read(key)).rejects.toMatchObject({ name: 'Unavailable' }));
    expect(waited).toBeLessThan(2_000);
    expect(seen.length).toBeGreaterThan(1);
  });

  it('may come at the second attempt', async () => {
    answer = (response) => {
      response.socket?.resetAndDestroy();
      send({ Item: { pk: { S: 'KEYS' } } });
    };
    expect(await open()(key)).toEqual({ pk: 'KEYS' });
    expect(seen).toHaveLength(2);
  });
});
