import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { compose as composeToken } from '../../../functions/token.ts';
import { options } from '../../../infra/build.mjs';
import { jwt } from '../../../lib/tokens/jwt.ts';
import { createFoundationWithTable } from '../../../lib/wiring/foundation.ts';
import { authorizerEvents, basic, httpEvent, type Variables } from '../../support/world.ts';
import { ORDERS, variables } from '../deployment.ts';
import type { Figure } from '../figure.ts';
import { median } from '../measure.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const certificate = here('localhost.pem');

/** Loads a bundle, handles one event, ends. A fault counts as no answer. Prints the CPU time of the process. */
const FIRST_REQUEST = `require(process.argv[1]).handler(JSON.parse(process.argv[2])).then(
  ({ statusCode = 200 }) => {
    const { user, system } = process.cpuUsage();
    require('fs').writeSync(1, String((user + system) / 1000));
    process.exit(statusCode >= 500 ? 1 : 0);
  },
  () => process.exit(1))`;

/** A process that does nothing. */
const BARE = 'bare node';
const FLOORS = { store: 'signed by hand', alone: 'a bare handler' } as const;
const GOALS = { store: 1.5, alone: 1.3 };
const PEERS = { 'AWS SDK': 'sdk.ts', 'AWS SDK, stripped': 'sdk-stripped.ts' } as const;

interface Start {
  /** Of a bundle; undefined for nothing. */
  readonly file: string | undefined;
  readonly event: unknown;
}

/** Milliseconds. */
interface Spent {
  readonly wall: number;
  readonly cpu: number;
}

/**
 * Fresh processes, from start to the first answer. DynamoDB is a server here that speaks TLS, knows nothing and says so at
 * once. What needs the table is compared with one request that is signed by hand, both less a bare process of the same round;
 * the rest with a handler that does nothing.
 * @param isMeant which functions and peers are measured; by default all
 */
export async function measureColdStarts(runs: number, isMeant = (_name: string) => true): Promise<Figure[]> {
  const store = await startEmptyStore();
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-cold-start-'));
  const env: Variables = {
    ...variables('ES256'),
    AWS_ENDPOINT_URL_DYNAMODB: store.endpoint,
    AWS_SESSION_TOKEN: 'local',
    NODE_EXTRA_CA_CERTS: certificate,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  try {
    const starts = new Map<string, Start>([[BARE, { file: undefined, event: {} }]]);
    const wanted = new Map([...(await functionsOf(env)), ...(await peersIn(directory, isMeant))]);
    for (const [name, start] of wanted) if (isMeant(name)) starts.set(name, start);
    starts.set(FLOORS.store, { file: here('signed-by-hand.cjs'), event: {} });
    starts.set(FLOORS.alone, { file: here('bare-handler.cjs'), event: {} });

    const spent = new Map([...starts.keys()].map((name) => [name, [] as Spent[]]));
    const asking = new Set<string>();
    for (let run = 0; run < runs; run++) {
      for (const [name, start] of starts) {
        const before = store.requests();
        spent.get(name)!.push(await startProcess(start, env));
        if (store.requests() > before) asking.add(name);
      }
    }
    const floorOf = (name: string) => (asking.has(name) ? FLOORS.store : FLOORS.alone);
    return [...starts.keys()]
      .filter((name) => isMeant(name) && wanted.has(name))
      .flatMap((name) => {
        const isPeer = name in PEERS;
        const goal = isPeer ? undefined : asking.has(name) ? GOALS.store : GOALS.alone;
        return (['wall', 'cpu'] as const).map((kind) => figure(name, kind, floorOf(name), spent, goal));
      });
  } finally {
    store.stop();
    await rm(directory, { recursive: true });
  }
}

function figure(
  name: string,
  kind: keyof Spent,
  floor: string,
  spent: ReadonlyMap<string, readonly Spent[]>,
  most: number | undefined,
): Figure {
  // A bare handler takes about as long as a bare process: the difference would be noise.
  const bare = floor === FLOORS.store ? spent.get(BARE)! : [];
  const over = (which: string) => spent.get(which)!.map((run, round) => run[kind] - (bare[round]?.[kind] ?? 0));
  const [values, floors] = [over(name), over(floor)];
  return {
    name: `${name}, ${kind === 'wall' ? 'time' : 'CPU time'} to the first answer`,
    unit: 'ms',
    value: median(values),
    floor: { name: floor, value: median(floors) },
    ratio: median(values) / median(floors),
    // The time is that of a whole core. At the share of 512 MB, 0.29 of a core, it is the CPU time that counts.
    ...(most === undefined ? { isComparison: true } : { goal: { of: 'ratio', most } }),
  };
}

async function functionsOf(env: Variables): Promise<Map<string, Start>> {
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
  return new Map(
    Object.entries(events).map(([name, event]) => [name, { file: here(`../../../dist/${name}/index.cjs`), event }]),
  );
}

/** Bundled as the functions are. */
async function peersIn(directory: string, isMeant: (name: string) => boolean): Promise<Map<string, Start>> {
  const peers = Object.entries(PEERS).filter(([name]) => isMeant(name));
  for (const [name, source] of peers) {
    const plugins = name === 'AWS SDK' ? [] : [leaveOutSearches];
    await build({ ...options, plugins, entryPoints: [here(source)], outdir: directory, write: true });
  }
  return new Map(
    peers.map(([name, source]) => [name, { file: join(directory, source.replace('.ts', '.cjs')), event: {} }]),
  );
}

/** Credentials, profiles and the agent's description are not looked for. */
const leaveOutSearches: Plugin = {
  name: 'leave out what searches',
  setup({ onResolve, onLoad }) {
    const searching = /^(@aws-sdk\/credential-provider-.*|@smithy\/credential-provider-imds|bowser)$/;
    onResolve({ filter: searching }, ({ path }) => ({ path, namespace: 'nothing' }));
    onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'module.exports = {}', loader: 'js' }));
  },
};

async function startProcess({ file, event }: Start, env: Variables): Promise<Spent> {
  const code = file
    ? FIRST_REQUEST
    : 'process.stdout.write(String((({ user, system }) => (user + system) / 1000)(process.cpuUsage())))';
  const args = file ? ['-e', code, file, JSON.stringify(event)] : ['-e', code];
  const start = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const printed = text(child.stdout);
  const [exit] = (await once(child, 'exit')) as [number | null];
  const wall = performance.now() - start;
  if (exit !== 0) throw new Error(`a process ended with ${exit}`);
  return { wall, cpu: Number((await printed).split('\n').at(-1)) };
}

async function startEmptyStore() {
  let requests = 0;
  const pem = readFileSync(certificate);
  const server = createServer({ key: pem, cert: pem }, (request, response) => {
    requests++;
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      response.end(request.headers['x-amz-target']?.toString().endsWith('Query') ? '{"Items":[],"Count":0}' : '{}');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    endpoint: `https://localhost:${(server.address() as AddressInfo).port}`,
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
