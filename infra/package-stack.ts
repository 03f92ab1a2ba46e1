// The package of the stack, made by `serverless package`. Takes seconds, so the package is cached until its sources change.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Parameters } from './parameters.ts';
import { Problem } from './problem.ts';

export interface Packaging {
  /** The directory of the project. */
  readonly root: string;
  readonly stage: string;
  readonly parameters?: Parameters;
  /** Paths of further empty files in the directory of the service, for tests. */
  readonly files?: readonly string[];
  /** Aborts packaging. */
  readonly signal?: AbortSignal | undefined;
}

/** The directory of the fragments that `serverless.yml` includes. */
export const fragmentDirectory = 'infra/resources';

/** The file of the template in a package. */
export const templateFile = 'cloudformation-template-update-stack.json';

/**
 * Packages the stack, with empty files instead of bundles.
 * @returns the directory with the template and a zip for each function
 * @throws Problem with the error of `serverless`
 */
export async function packageStack(packaging: Packaging, run = runServerless): Promise<string> {
  const { root, stage, parameters, files } = packaging;
  const cache = join(root, 'node_modules/.cache/latchkey/packages');
  const variant = digest(JSON.stringify([stage, parameters, files]));
  const name = `${variant}-${digest(serverlessPackage().version, ...sources(root))}`;
  const directory = join(cache, name);
  if (existsSync(directory)) return directory;

  const service = mkdtempSync(join(tmpdir(), 'latchkey-package-'));
  try {
    copyService(packaging, service);
    await run(packaging, service);
    mkdirSync(cache, { recursive: true });
    keep(join(service, '.serverless'), directory);
  } finally {
    rmSync(service, { recursive: true, force: true });
  }
  for (const other of readdirSync(cache)) {
    if (other.startsWith(`${variant}-`) && other !== name) rmSync(join(cache, other), { recursive: true, force: true });
  }
  return directory;
}

/** Moves a complete package into the cache. Another process may have stored the same package in the meantime. */
function keep(made: string, directory: string): void {
  const temporary = mkdtempSync(join(dirname(directory), 'making-'));
  cpSync(made, temporary, { recursive: true });
  try {
    renameSync(temporary, directory);
  } catch (error) {
    rmSync(temporary, { recursive: true });
    if (!existsSync(directory)) throw error;
  }
}

const digest = (...texts: readonly string[]) =>
  createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 32);

/** The paths of the files that `serverless` reads, each followed by its content. */
function sources(root: string): string[] {
  const fragments = readdirSync(join(root, fragmentDirectory)).sort();
  const paths = ['package.json', 'serverless.yml', ...fragments.map((name) => join(fragmentDirectory, name))];
  return paths.flatMap((path) => [path, readFileSync(join(root, path), 'utf8')]);
}

function serverlessPackage(): { version: string; command: string; project: string } {
  const require = createRequire(import.meta.url);
  const { version, bin } = require('serverless/package.json') as { version: string; bin: Record<string, string> };
  const directory = dirname(require.resolve('serverless/package.json'));
  return { version, command: join(directory, bin['serverless'] ?? ''), project: join(directory, '../..') };
}

// osls writes to `.serverless` of its working directory, where another run may be active, so it works on a copy. Empty bundles
// are enough for the template, and need not be built first.
function copyService({ root, files = [] }: Packaging, service: string): void {
  for (const part of ['package.json', 'serverless.yml', fragmentDirectory]) {
    cpSync(join(root, part), join(service, part), { recursive: true });
  }
  const bundles = sources(root).flatMap((text) => [...text.matchAll(/handler: *(dist\/[\w/-]+)\.\w+/g)]);
  for (const path of [...bundles.map(([, bundle]) => `${bundle}.cjs`), ...files]) {
    mkdirSync(join(service, dirname(path)), { recursive: true });
    writeFileSync(join(service, path), '');
  }
}

const noNetwork = `data:text/javascript,${encodeURIComponent(
  'import net from "node:net"; net.Socket.prototype.connect = () => { throw new Error("packaging used the network"); };',
)}`;

// Runs without the settings, credentials and home directory of the user, so that the package is the same for everybody.
async function runServerless({ root, stage, parameters = {}, signal }: Packaging, service: string): Promise<void> {
  const options = Object.entries(parameters).flatMap(([name, value]) => ['--param', `${name}=${value}`]);
  const { command, project } = serverlessPackage();
  const args = ['--import', noNetwork, command, 'package', '--stage', stage, '--region', 'us-east-1', ...options];
  const child = spawn(process.execPath, args, {
    cwd: service,
    env: {
      PATH: process.env['PATH'],
      HOME: service,
      // The plugin that checks parameters finds its sources there: in this project, also when another one is packaged.
      LATCHKEY_ROOT: project,
      // Caches the compiled schema, which takes as long as packaging itself.
      SLS_SCHEMA_CACHE_BASE_DIR: join(root, 'node_modules/.cache/latchkey'),
      SLS_NOTIFICATIONS_MODE: 'off',
      SLS_TELEMETRY_DISABLED: '1',
      AWS_EC2_METADATA_DISABLED: 'true',
      NO_COLOR: '1',
      FORCE_COLOR: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal && { signal }),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve).on('error', () => {}));
  if (code === 0) return;
  throw new Problem(`serverless.yml cannot be packaged: ${complaint(output.replaceAll(`${service}/`, ''))}`);
}

/** Extracts the error message from the output of a failed `serverless package`, on one line. */
export function complaint(output: string): string {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .map((line) => line.trim());
  const start = lines.findIndex((line) => /^(✖|Error:)/.test(line));
  const message = lines.slice(Math.max(start, 0)).filter((line) => line !== '' && line !== 'Error:');
  const end = message.findIndex(
    (line, index) => index > 0 && /^(Environment:|Learn more|\d+ deprecation|\d+ \||at )/.test(line),
  );
  return (end < 0 ? message : message.slice(0, end)).join(' ').replace(/^✖\s*/, '');
}
