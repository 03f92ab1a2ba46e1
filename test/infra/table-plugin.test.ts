// Protection of the table after a deployment, against a stub of DynamoDB: the embedded table knows no protection. That the
// table comes last: template.test.ts.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import tablePlugin, { type Serverless } from '../../infra/resources/table-plugin.mjs';

let server: Server;
let endpoint: string;
let isProtected: boolean | undefined;
let requests: string[];
const notices: string[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const input = JSON.parse(await text(request)) as { TableName: string; DeletionProtectionEnabled?: boolean };
    requests.push(`${String(request.headers['x-amz-target']).split('.')[1]} ${input.TableName}`);
    isProtected = input.DeletionProtectionEnabled ?? isProtected;
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    response.end(JSON.stringify({ Table: { DeletionProtectionEnabled: isProtected } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  requests = [];
  notices.length = 0;
});

/** Does what `serverless deploy` does at the end, with this value of the parameter `table-protection`. */
async function endDeployment(protection: boolean | string): Promise<void> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const serverless: Serverless = {
    service: {
      custom: { table: { name: 'latchkey-prod', protection } },
      provider: { compiledCloudFormationTemplate: { Resources: {} } },
    },
    getProvider: () => ({ getAwsSdkV3Config: async () => ({ endpoint, region: 'eu-west-1', credentials }) }),
  };
  await tablePlugin(serverless, {}, { log: { notice: (notice) => notices.push(notice) } }).hooks[
    'after:deploy:deploy'
  ]!();
}

it.each<[before: boolean | undefined, wanted: boolean | string, after: boolean | undefined, notice: string[]]>([
  [false, true, true, ['Table latchkey-prod is now protected from deletion']],
  [undefined, 'true', true, ['Table latchkey-prod is now protected from deletion']],
  [true, true, true, []],
  [true, 'false', false, ['Table latchkey-prod is no longer protected from deletion']],
  [undefined, false, undefined, []],
])('a table with protection %s and the parameter %s ends with protection %s', async (before, wanted, after, notice) => {
  isProtected = before;
  await endDeployment(wanted);
  expect(isProtected).toBe(after);
  expect(notices).toEqual(notice);
  const update = notice.length > 0 ? ['UpdateTable latchkey-prod'] : [];
  expect(requests).toEqual(['DescribeTable latchkey-prod', ...update]);
});
