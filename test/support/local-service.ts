import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** What `npm start` leaves for those who want to call it. DESIGN.md section 7. */
export interface Demo {
  readonly issuer: string;
  /** The origin of the demo app. */
  readonly app: string;
  readonly clients: Readonly<Record<string, { client_id: string; client_secret: string }>>;
  readonly resources: Readonly<Record<string, { identifier: string; secret: string }>>;
  readonly users: Readonly<Record<string, { username: string; password: string }>>;
}

export interface LocalService {
  readonly issuer: string;
  /** The directory it was started in, which has its `.latchkey`. */
  readonly directory: string;
  readonly demo: Demo;
  stop(): Promise<void>;
}

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Starts what `npm start` starts, on a free port and in a directory of its own, and waits until it is ready. */
export async function startLocalService(args: readonly string[] = []): Promise<LocalService> {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-'));
  const child = spawn(process.execPath, [join(root, 'infra/local/start.mjs'), ...args], {
    cwd: directory,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const issuer = await ready(child);
  return {
    issuer,
    directory,
    demo: JSON.parse(readFileSync(join(directory, '.latchkey/demo.json'), 'utf8')) as Demo,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The issuer, from the line that starts with `ready`. */
function ready(child: ChildProcessByStdio<null, Readable, Readable>): Promise<string> {
  return new Promise((resolve, reject) => {
    let complaints = '';
    child.stderr.on('data', (chunk) => {
      complaints += chunk;
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready: ${complaints}`)));
    createInterface(child.stdout).on('line', (line) => {
      const [, issuer] = /^ready (\S+)/.exec(line) ?? [];
      if (issuer) resolve(issuer);
    });
  });
}
