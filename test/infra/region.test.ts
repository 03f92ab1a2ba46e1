// The one rule that says in which region a stage is, tried on each program that follows it.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isLongRun } from '../support/scale.ts';
import { type Cli, createCli, emptyDirectory } from './cli-runner.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const configFile = join(emptyDirectory(), 'config');

let server: Server;
let attempt: Cli;
/** The region that the last request to AWS was signed for. */
let signedFor: string | undefined;

beforeAll(async () => {
  writeFileSync(configFile, '[default]\nregion = eu-north-1\n[profile south]\nregion = ap-south-1\n[profile none]\n');
  vi.stubEnv('AWS_CONFIG_FILE', configFile); // the SDK finds the file by the variables of the process
  server = createServer((request, response) => {
    signedFor = /Credential=[^/]+\/\d+\/([^/]+)/.exec(request.headers.authorization ?? '')?.[1];
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify({ __type: 'ResourceNotFoundException' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  attempt = createCli({
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });
});
afterAll(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});

type Variables = Readonly<Record<string, string>>;

const cli =
  (...args: string[]) =>
  async (options: readonly string[], env: Variables) => {
    signedFor = undefined;
    await attempt([...args, '--stage', 'test', ...options], { env });
    return signedFor;
  };

const serverless = async (options: readonly string[], env: Variables) => {
  const { resolve } = createRequire(import.meta.url);
  const bin = join(dirname(resolve('serverless/package.json')), 'bin/serverless.js');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [bin, 'print', '--path', 'provider.region', '--format', 'text', '--stage', 'test', ...options],
    {
      cwd: root,
      env: {
        PATH: process.env['PATH'],
        HOME: dirname(configFile),
        AWS_CONFIG_FILE: configFile,
        SLS_TELEMETRY_DISABLED: '1',
        ...env,
      },
    },
  );
  return stdout.trim();
};

const programs = { 'latchkey init': cli('init'), 'latchkey client list': cli('client', 'list'), serverless };

const AWS_REGION = 'eu-west-1';
const AWS_DEFAULT_REGION = 'eu-central-1';
const AWS_PROFILE = 'south';

const cases: [name: string, options: string[], env: Variables, expected: string][] = [
  ['--region', ['--region', 'us-west-2'], { AWS_REGION, AWS_DEFAULT_REGION, AWS_PROFILE }, 'us-west-2'],
  ['AWS_REGION', [], { AWS_REGION, AWS_DEFAULT_REGION, AWS_PROFILE }, AWS_REGION],
  ['AWS_DEFAULT_REGION', [], { AWS_DEFAULT_REGION, AWS_PROFILE }, AWS_DEFAULT_REGION],
  [
    'AWS_DEFAULT_REGION, as an empty AWS_REGION is none',
    [],
    { AWS_REGION: '', AWS_DEFAULT_REGION },
    AWS_DEFAULT_REGION,
  ],
  ['the profile', [], { AWS_PROFILE }, 'ap-south-1'],
  ['the default profile', [], {}, 'eu-north-1'],
  ['us-east-1 with a profile that has no region', [], { AWS_PROFILE: 'none' }, 'us-east-1'],
];

/** Starting `serverless` takes seconds for each case. */
const tried = Object.entries(programs).filter(([program]) => program !== 'serverless' || isLongRun);

describe.each(tried)('%s finds the region', (_program, find) => {
  it.each(cases)('in %s', async (_, options, env, expected) => {
    expect(await find(options, env)).toBe(expected);
  });
});

if (isLongRun) {
  it('serverless finds the region of the profile that --aws-profile names', async () => {
    expect(await serverless(['--aws-profile', 'south'], {})).toBe('ap-south-1');
  });
}
