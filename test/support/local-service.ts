import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** What `npm start` leaves for those who want to call it. docs/design.md section 7. */
export interface Demo {
  readonly issuer: string;
  /** The origin of the demo app. */
  readonly app: string;
  readonly clients: Readonly<Record<string, { client_id: string; client_secret: string }>>;
  readonly resources: Readonly<Record<string, { identifier: string; secret: string }>>;
  readonly users: Readonly<Record<string, { username: string; password: string }>>;
  readonly table: { readonly endpoint: string; readonly name: string };
}

/** A local service that is ready. */
export interface LocalService {
  readonly issuer: string;
  /** The directory it was started in, which has its `.latchkey`. */
  readonly directory: string;
  readonly demo: Demo;
  /** What it wrote to standard output and to standard error until it was ready. */
  readonly written: { readonly out: string; readonly err: string };
}

export interface Program {
  /** What it has written so far. */
  readonly written: { out: string; err: string };
  readonly directory: string;
  /** Resolves when it is ready. Rejects if it ends before. */
  ready(): Promise<LocalService>;
  /** Waits until it has ended, if need be by this signal. @returns its exit code */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Starts what `npm start -- ARGS` starts, as a process in a directory of its own, on a free port. Takes more than a second of
 * CPU: most tests use `sharedService`, or `startLocalWorld` if they need other options.
 */
export function launchLocalService(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Program {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-'));
  const { LOG_LEVEL: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [join(root, 'infra/local/start.mjs'), ...args], {
    cwd: directory,
    env: { ...inherited, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (written.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (written.err += text));
  const closed = once(child, 'close').then(([code]) => code as number | null);
  return {
    written,
    directory,
    async ready() {
      const issuer = await readyLine(child, written, closed);
      const demo = JSON.parse(readFileSync(join(directory, '.latchkey/demo.json'), 'utf8')) as Demo;
      return { issuer, directory, demo, written: { ...written } };
    },
    async end(signal) {
      if (signal) child.kill(signal);
      const code = await closed;
      rmSync(directory, { recursive: true, force: true });
      return code;
    },
  };
}

/** The issuer, from the line that starts with `ready`. Waits as long as the program runs. */
function readyLine(
  { stdout }: ChildProcessByStdio<null, Readable, Readable>,
  written: Program['written'],
  closed: Promise<number | null>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const [, issuer] = /^ready (\S+) .*\n/m.exec(written.out) ?? [];
      if (issuer) resolve(issuer);
    };
    stdout.on('data', look);
    look();
    void closed.then((code) => reject(new Error(`ended with ${code} before it was ready: ${written.err}`)));
  });
}
