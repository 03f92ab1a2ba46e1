import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** The content of `.latchkey/demo.json`. docs/design.md section 7 */
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
  /** The directory in which it was started, with `.latchkey`. */
  readonly directory: string;
  readonly demo: Demo;
  /** The output until it was ready. */
  readonly written: { readonly out: string; readonly err: string };
}

export interface Program {
  /** The output so far. */
  readonly written: { out: string; err: string };
  readonly directory: string;
  /** Resolves when the service is ready. Rejects if the process ends before. */
  ready(): Promise<LocalService>;
  /** Sends a signal, if one is given, and waits until the process has ended. @returns its exit code */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Starts `npm start -- ARGS` as a process in a new directory, on any free port. Takes more than a second of CPU time, so most
 * tests use `sharedService`, or `startLocalWorld` if they need other options.
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

/** Waits for the line that starts with `ready`. @returns the issuer in it */
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
