import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../lib/config.ts';
import { Problem } from '../problem.ts';

/** What a file written by `npm start` says about its stack. */
export interface LocalStack {
  readonly issuer: string;
  /** Where it answers on this machine, although its issuer may be the URL of a proxy. */
  readonly url: string;
  /** The variables with which its tokens are checked; undefined in a file of an earlier version. */
  readonly settings: Environment | undefined;
  readonly table: { readonly endpoint: string; readonly name: string };
  /** The stand-in for KMS; present with `--keys wrapped`. */
  readonly kms?: { readonly endpoint: string; readonly wrapping_key: string };
  /** Whether its functions seal tokens; undefined in a file of an earlier version. */
  readonly seals: boolean | undefined;
  /** The message for a table that does not answer. */
  readonly notRunning: string;
}

const DIRECTORY = '.latchkey';

/** The file of the default stack. Every stack also has a file named after its port. */
const DEFAULT = 'demo';

const fileOf = (name: string) => join(DIRECTORY, `${name}.json`);

/**
 * Finds a stack that was started in this directory.
 * @param port the port it listens on; undefined = the stack in `demo.json`
 * @returns undefined when no port is given and no stack was started
 * @throws Problem when there is no stack on this port, or its file is damaged
 */
export function findLocalStack(cwd: string, port?: string): LocalStack | undefined {
  const file = fileOf(port ?? DEFAULT);
  const text = readIfThere(join(cwd, file));
  if (text === undefined) {
    if (port === undefined) return undefined;
    throw new Problem(`no local stack is running on port ${port} in this directory: run npm start${others(cwd, port)}`);
  }
  const { issuer, url, settings, table, kms, seals } = parse(text, file);
  if (typeof issuer !== 'string' || typeof table?.endpoint !== 'string' || typeof table.name !== 'string') {
    throw new Problem(`${file} does not name a table: run npm start again`);
  }
  const { endpoint, name } = table;
  const notRunning = `the local stack at ${issuer} (${file}) is not running: run npm start${others(cwd, port)}`;
  return {
    issuer,
    url: typeof url === 'string' ? url : issuer,
    settings,
    table: { endpoint, name },
    ...(kms && { kms }),
    seals: typeof seals === 'boolean' ? seals : undefined,
    notRunning,
  };
}

/** Words that suggest the ports of other running stacks. */
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
  readonly url?: unknown;
  readonly settings?: Environment;
  readonly table?: { endpoint?: unknown; name?: unknown } | null;
  readonly kms?: NonNullable<LocalStack['kms']>;
  readonly seals?: unknown;
}

function parse(text: string, file: string): Written {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    throw new Problem(`${file} is not JSON: run npm start again`);
  }
}
