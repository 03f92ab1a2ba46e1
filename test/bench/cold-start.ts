import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { compose as composeToken } from '../../functions/token.ts';
import { jwt } from '../../lib/tokens/jwt.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { authorizerEvents, basic, httpEvent, type Variables } from '../support/world.ts';
import { ORDERS, variables } from './deployment.ts';
import type { Figure } from './figure.ts';
import { median } from './measure.ts';

const bundle = (name: string) => fileURLToPath(new URL(`../../dist/${name}/index.cjs`, import.meta.url));

/** Loads a bundle, handles one event, ends. A fault counts as no answer. */
const FIRST_REQUEST = `require(process.argv[1]).handler(JSON.parse(process.argv[2]))
  .then(({ statusCode = 200 }) => process.exit(statusCode >= 500 ? 1 : 0), () => process.exit(1))`;

const GOALS = { store: 60, alone: 10 };

/**
 * Fresh processes, from start to the first answer, less a bare `node -e 0` of the same round. The answers of functions
 * that use the table wait for DynamoDB, which is an HTTP server here that knows nothing and says so at once.
 * @param isMeant which functions are measured; by default all
 */
export async function measureColdStarts(runs: number, isMeant = (_name: string) => true): Promise<Figure[]> {
  const store = await startEmptyStore();
  const env: Variables = {
    ...variables('ES256'),
    AWS_ENDPOINT_URL_DYNAMODB: store.endpoint,
    AWS_SESSION_TOKEN: 'local',
  };
  const form = (parameters: Record<string, string>) =>
    httpEvent({ headers: { authorization: basic('machine') }, form: parameters });
  const events = {
    token: form({ grant_type: 'client_credentials' }),
    introspection: form({ token: 'x' }),
    revocation: form({ token: 'x' }),
    authorizer: authorizerEvents['HTTP API 2.0'](await issueToken(env)),
    jwks: httpEvent({ method: 'GET', path: '/.well-known/jwks.json' }),
    discovery: httpEvent({ method: 'GET', path: '/.well-known/openid-configuration' }),
  };
  const names = (Object.keys(events) as (keyof typeof events)[]).filter(isMeant);

  const bare: number[] = [];
  const times = new Map(names.map((name) => [name, [] as number[]]));
  const asked = new Map<string, number>();
  for (let run = 0; run < runs; run++) {
    const base = await timeProcess(['-e', '0'], env);
    bare.push(base);
    for (const name of names) {
      const before = store.requests();
      const time = await timeProcess(['-e', FIRST_REQUEST, bundle(name), JSON.stringify(events[name])], env);
      times.get(name)?.push(time - base);
      asked.set(name, store.requests() - before);
    }
  }
  store.stop();

  const floor = { name: 'node -e 0', value: median(bare) };
  return names.map((name): Figure => {
    const usesStore = (asked.get(name) ?? 0) > 0;
    const title = `${name}, to ${usesStore ? 'the first DynamoDB' : 'its'} answer, over bare node`;
    const most = usesStore ? GOALS.store : GOALS.alone;
    return { name: title, unit: 'ms', value: median(times.get(name) ?? []), floor, goal: { of: 'value', most } };
  });
}

async function timeProcess(args: readonly string[], env: Variables): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`a process ended with ${code}`);
  return performance.now() - start;
}

async function startEmptyStore() {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      response.end(request.headers['x-amz-target']?.toString().endsWith('Query') ? '{"Items":[],"Count":0}' : '{}');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    stop: () => void server.close().closeAllConnections(),
  };
}

async function issueToken(env: Variables): Promise<string> {
  const context = composeToken(createFoundationWithTable(env));
  const iat = context.clock();
  const claims = { iss: context.issuer, sub: 'machine', aud: 'orders', client_id: 'machine', iat, exp: iat + 3600 };
  return jwt.issue({ ...claims, grant_id: 'grant' }, context, [ORDERS]);
}
