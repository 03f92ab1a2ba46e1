// The packaged template, from `serverless package`. That takes seconds, so its result is kept until something it is made
// from changes.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Problem } from './problem.ts';

// Stands for the issuer in what is kept, so that another port does not mean to package again.
const issuerPlaceholder = 'http://localhost:PORT';

type Parameters = Readonly<Record<string, string>>;

/** What `serverless.yml` is made of, beside itself. */
export const fragmentDirectory = 'infra/resources';

/**
 * The template for the stage `local`, JSON.
 * @param root of the project
 * @param signal ends packaging early
 * @param parameters what to package with besides; each value of `keys` has its result kept
 * @throws Problem with what `serverless` complained about
 */
export async function packagedTemplate(
  root: string,
  issuer: string,
  signal?: AbortSignal,
  parameters: Parameters = {},
): Promise<string> {
  const cache = join(root, 'node_modules/.cache/latchkey');
  const file = join(cache, parameters['keys'] === undefined ? 'template.json' : `template.${parameters['keys']}.json`);
  const key = fingerprint(root, parameters);
  const kept = readKept(file);
  const template = kept?.key === key ? kept.template : await runPackage(root, parameters, signal);
  if (kept?.key !== key) {
    mkdirSync(cache, { recursive: true });
    // Renamed into place, because several starts may do this at once.
    const temporary = `${file}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify({ key, template }));
    renameSync(temporary, file);
  }
  return template.replaceAll(issuerPlaceholder, issuer);
}

function readKept(file: string): { key: string; template: string } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { key: string; template: string };
  } catch {
    return undefined;
  }
}

function fingerprint(root: string, parameters: Parameters): string {
  const hash = createHash('sha256').update(`${serverlessPackage().version}${JSON.stringify(parameters)}`);
  const directory = join(root, fragmentDirectory);
  for (const file of [
    join(root, 'serverless.yml'),
    ...readdirSync(directory)
      .sort()
      .map((name) => join(directory, name)),
  ]) {
    hash.update(`${file}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function serverlessPackage(): { version: string; command: string } {
  const require = createRequire(import.meta.url);
  const { version, bin } = require('serverless/package.json') as { version: string; bin: Record<string, string> };
  return { version, command: join(dirname(require.resolve('serverless/package.json')), bin['serverless'] ?? '') };
}

async function runPackage(root: string, more: Parameters, signal: AbortSignal | undefined): Promise<string> {
  const service = mkdtempSync(join(tmpdir(), 'latchkey-package-'));
  try {
    copyService(root, service);
    const parameters = Object.entries({ issuer: issuerPlaceholder, ...more });
    const options = parameters.flatMap(([name, value]) => ['--param', `${name}=${value}`]);
    const command = [serverlessPackage().command, 'package', '--stage', 'local', '--region', 'us-east-1', ...options];
    const child = spawn(process.execPath, command, {
      cwd: service,
      env: {
        ...process.env,
        SLS_NOTIFICATIONS_MODE: 'off',
        SLS_TELEMETRY_DISABLED: '1',
        NO_COLOR: '1',
        FORCE_COLOR: '0',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal && { signal }),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const code = await new Promise((resolve) => child.on('close', resolve).on('error', () => {}));
    if (code !== 0)
      throw new Problem(`serverless.yml cannot be packaged: ${complaint(output.replaceAll(`${service}/`, ''))}`);
    return readFileSync(join(service, '.serverless/cloudformation-template-update-stack.json'), 'utf8');
  } finally {
    rmSync(service, { recursive: true, force: true });
  }
}

// osls works in `.serverless` of the directory it runs in, where another run might be at work. Only the template is
// wanted, so empty bundles will do, and there is no need to wait for those that are being built.
function copyService(root: string, service: string): void {
  for (const part of ['package.json', 'serverless.yml', fragmentDirectory]) {
    cpSync(join(root, part), join(service, part), { recursive: true });
  }
  const text = readFileSync(join(root, 'serverless.yml'), 'utf8');
  for (const [, bundle = ''] of text.matchAll(/handler: *(dist\/[\w/-]+)\.\w+/g)) {
    mkdirSync(join(service, dirname(bundle)), { recursive: true });
    writeFileSync(join(service, `${bundle}.cjs`), '');
  }
}

/** The message within the decorated output of a failed `serverless package`, on one line. */
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
