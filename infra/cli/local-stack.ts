import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from './problem.ts';

/** What `npm start` left of what it runs on. */
export interface LocalStack {
  readonly issuer: string;
  readonly table: { readonly endpoint: string; readonly name: string };
  /** The stand-in for KMS, where keys are wrapped by it. */
  readonly kms?: { readonly endpoint: string; readonly wrapping_key: string };
  /** What to say when its table does not answer. */
  readonly notRunning: string;
}

const DIRECTORY = '.latchkey';

/** Names one that runs; each that runs has a file named by its port besides. */
const DEFAULT = 'demo';

const fileOf = (name: string) => join(DIRECTORY, `${name}.json`);

/**
 * A stack that was started in this directory.
 * @param port where it listens, if it is not the one that `demo.json` names
 * @returns undefined where no port is given and none was started
 * @throws Problem if there is none on this port, or the file is not as `npm start` writes it
 */
export function findLocalStack(cwd: string, port?: string): LocalStack | undefined {
  const file = fileOf(port ?? DEFAULT);
  const text = readIfThere(join(cwd, file));
  if (text === undefined) {
    if (port === undefined) return undefined;
    throw new Problem(`no npm start was started on port ${port} in this directory${others(cwd, port)}`);
  }
  const { issuer, table, kms } = parse(text, file);
  if (typeof issuer !== 'string' || typeof table?.endpoint !== 'string' || typeof table.name !== 'string') {
    throw new Problem(`${file} names no table; run npm start again`);
  }
  const { endpoint, name } = table;
  const notRunning = `the npm start at ${issuer}, which ${file} names, is not running: start it again${others(cwd, port)}`;
  return { issuer, table: { endpoint, name }, ...(kms && { kms }), notRunning };
}

/** The others that run, as far as is known. */
function others(cwd: string, port: string | undefined): string {
  const ports = fileNames(cwd).flatMap((file) => /^(\d+)\.json$/.exec(file)?.[1] ?? []);
  const running = ports.filter((other) => other !== port && isRunning(join(cwd, fileOf(other))));
  return running.length === 0 ? '' : `, or give ${running.map((other) => `--port ${other}`).join(' or ')}`;
}

function isRunning(file: string): boolean {
  try {
    const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid?: unknown };
    return typeof pid === 'number' && process.kill(pid, 0);
  } catch {
    return false;
  }
}

function fileNames(cwd: string): string[] {
  try {
    return readdirSync(join(cwd, DIRECTORY));
  } catch {
    return [];
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

interface Written {
  readonly issuer?: unknown;
  readonly table?: { endpoint?: unknown; name?: unknown } | null;
  readonly kms?: NonNullable<LocalStack['kms']>;
}

function parse(text: string, file: string): Written {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    throw new Problem(`${file} is not JSON; run npm start again`);
  }
}
