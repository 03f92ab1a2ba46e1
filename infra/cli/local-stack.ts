import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, variables } from '../../lib/config.ts';
import { Problem } from '../problem.ts';
import { isRunning } from '../running-stack.ts';

/** What a file written by `npm start` says about its stack. */
export interface LocalStack {
  readonly issuer: string;
  /** Where it answers on this machine, although its issuer may be the URL of a proxy. */
  readonly url: string;
  /** The variables with which its tokens are checked; undefined in a file of an earlier version. */
  readonly settings: Environment | undefined;
  readonly table: { readonly endpoint: string; readonly name: string };
  /** The stand-in for KMS; present with `--keys wrapped` and `--keys kms`. */
  readonly kms?: { readonly endpoint: string; readonly wrapping_key: string };
  /** What signs its key registry; undefined in a file of an earlier version. */
  readonly registry: Environment | undefined;
  /** Whether its functions seal tokens; undefined in a file of an earlier version. */
  readonly seals: boolean | undefined;
  /** Undefined in `demo.json`. */
  readonly pid: number | undefined;
  /** The message for a table that does not answer. */
  readonly notRunning: string;
}

/** The keys of one service, with which nothing of another can be checked. */
const KEYS = Object.keys(variables).filter((name) => /_KEYS$/.test(name));

/** The variables of the service. A local stack has its own, because those of this process may be for a deployed stage. */
export function serviceEnvironment(env: Environment, local: LocalStack | undefined): Environment {
  if (!local?.settings) return env;
  return { ...env, ...Object.fromEntries(KEYS.map((name) => [name, undefined])), ...local.settings };
}

const DIRECTORY = '.latchkey';

/** The file of the default stack. Every stack also has a file named after its port. */
const DEFAULT = 'demo';

const fileOf = (name: string) => join(DIRECTORY, `${name}.json`);

/**
 * Finds a stack that was started in this directory.
 * @param port the port it listens on; undefined = the stack in `demo.json`, or if it is not running, the only one that is
 * @returns undefined when no port is given and there is no file
 * @throws Problem when this stack is not running, or its file is damaged
 */
export async function findLocalStack(cwd: string, port?: string): Promise<LocalStack | undefined> {
  const chosen = port === undefined ? readIfSound(cwd, DEFAULT) : readStack(cwd, port);
  if (chosen && (await isRunning(chosen))) return chosen;
  const running = await runningStacks(cwd);
  const [other, ...more] = running.keys();
  if (port === undefined && other !== undefined && more.length === 0) return running.get(other);
  const suggested = [...running.keys()].map((each) => `--port ${each}`).join(' or ');
  const hint = suggested && `, or give ${suggested}`;
  if (chosen) throw new Problem(`${chosen.notRunning}${hint}`);
  if (port !== undefined) {
    throw new Problem(`no local stack is running on port ${port} in this directory: run PORT=${port} npm start${hint}`);
  }
  if (running.size > 0) throw new Problem(`several local stacks are running: give ${suggested}`);
  return readStack(cwd, DEFAULT);
}

/** The stacks that run, by port. Damaged files are of none. */
async function runningStacks(cwd: string): Promise<ReadonlyMap<string, LocalStack>> {
  const ports = fileNames(cwd).flatMap((file) => /^(\d+)\.json$/.exec(file)?.[1] ?? []);
  const found = await Promise.all(
    ports.map(async (port) => {
      const stack = readIfSound(cwd, port);
      return stack && (await isRunning(stack)) ? ([[port, stack]] as const) : [];
    }),
  );
  return new Map(found.flat());
}

function readIfSound(cwd: string, port: string): LocalStack | undefined {
  try {
    return readStack(cwd, port);
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}

/** @returns undefined when there is no such file. @throws Problem when it is damaged */
function readStack(cwd: string, name: string): LocalStack | undefined {
  const file = fileOf(name);
  const start = name === DEFAULT ? 'npm start' : `PORT=${name} npm start`;
  const text = readIfThere(join(cwd, file));
  if (text === undefined) return undefined;
  const { issuer, url, settings, table, kms, registry, seals, pid } = parse(text, file, start);
  if (typeof issuer !== 'string' || typeof table?.endpoint !== 'string' || typeof table.name !== 'string') {
    throw new Problem(`${file} does not name a table: run ${start} again`);
  }
  return {
    issuer,
    url: typeof url === 'string' ? url : issuer,
    settings,
    table: { endpoint: table.endpoint, name: table.name },
    ...(kms && { kms }),
    registry,
    seals: typeof seals === 'boolean' ? seals : undefined,
    pid: typeof pid === 'number' ? pid : undefined,
    notRunning: `the local stack at ${issuer} (${file}) is not running: run ${start}`,
  };
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
  readonly registry?: Environment;
  readonly seals?: unknown;
  readonly pid?: unknown;
}

function parse(text: string, file: string, start: string): Written {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    throw new Problem(`${file} is not JSON: run ${start} again`);
  }
}
