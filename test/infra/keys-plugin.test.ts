// The call of key management at the end of a deployment, against a stub of Lambda.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import keysPlugin, { type Serverless } from '../../infra/resources/keys-plugin.mjs';

let server: Server;
let headers: Record<string, string> = {};
const requests: string[] = [];
const notices: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers['x-amz-log-type']}`);
    response.writeHead(200, { ...headers, 'content-type': 'application/json' }).end('null');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  headers = {};
  requests.length = 0;
  notices.length = 0;
});

/** Does what `serverless deploy` does at the end. */
const endDeployment = (functions: Serverless['service']['functions']) => {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const serverless: Serverless = {
    classes: { Error },
    service: { functions },
    getProvider: () => ({ getAwsSdkV3Config: async () => ({ endpoint, region: 'eu-west-1', credentials }) }),
  };
  const { hooks } = keysPlugin(serverless, {}, { log: { notice: (notice) => notices.push(notice) } });
  return hooks['after:deploy:deploy']!();
};
const deployed = { token: { name: 'latchkey-prod-token' }, rotation: { name: 'latchkey-prod-rotation' } };

describe('The end of a deployment', () => {
  it('calls key management once', async () => {
    await endDeployment(deployed);
    expect(requests).toEqual(['POST /2015-03-31/functions/latchkey-prod-rotation/invocations Tail']);
    expect(notices).toEqual(['Key management latchkey-prod-rotation has run']);
  });

  it('calls nothing without a key registry', async () => {
    await endDeployment({ token: { name: 'latchkey-prod-token' } });
    expect(requests).toEqual([]);
  });

  it.each([
    [
      '{"level":"error","event":"fault","fault":"X","message":"the key registry is not signed","at":""}\nEND',
      /failed: the key registry is not signed$/,
    ],
    ['Task timed out', /failed: Task timed out$/],
  ])('fails when key management fails, and says why: %s', async (log, message) => {
    headers = { 'x-amz-function-error': 'Unhandled', 'x-amz-log-result': Buffer.from(log).toString('base64') };
    await expect(endDeployment(deployed)).rejects.toThrow(message);
  });
});
