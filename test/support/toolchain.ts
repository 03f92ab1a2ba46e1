// Programs of other languages that the long run holds ours against. What they are made of is pinned in a folder below
// test/peers, and is installed into node_modules/.cache when a test asks for it. Where the toolchain itself is missing, the
// tests that need it are skipped, and say so.
//
// For another language: pin its packages in test/peers/NAME, and describe how they are installed as `python` does.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Toolchain {
  /** The command that has to be there, and how it tells its version. */
  readonly command: string;
  readonly versionArgument: string;
  /** The files that pin what is installed, in the order in which they are looked for in the folder of the peer. */
  readonly pins: readonly string[];
  /** Installs what is pinned in one directory into another, which is empty. */
  install(pinned: string, into: string): Promise<void>;
}

/** A virtual environment. The requirements list everything, so nothing else is installed along with it. */
export const python: Toolchain = {
  command: 'python3',
  versionArgument: '--version',
  pins: ['requirements.txt'],
  async install(pinned, into) {
    await run('python3', ['-m', 'venv', into]);
    const options = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:'];
    const requirements = join(pinned, 'requirements.txt');
    await run(join(into, 'bin/python'), ['-m', 'pip', 'install', ...options, '--requirement', requirements]);
  },
};

/**
 * Installs a peer, or takes what was installed before from the same pins.
 * @param name of its folder below test/peers
 * @returns where it is; undefined where the tests that need it have to be skipped, after saying why
 * @throws Error under CI when the toolchain is there and the packages cannot be installed
 */
export async function installPeer(name: string, toolchain: Toolchain): Promise<string | undefined> {
  const { command, versionArgument, pins, install } = toolchain;
  const version = await run(command, [versionArgument]).catch(() => undefined);
  if (!version) return skip(name, `there is no ${command} on this machine`);

  const pinned = join(root, 'test/peers', name);
  const hash = createHash('sha256').update(`${version.stdout}${version.stderr}`);
  for (const pin of pins) hash.update(readFileSync(join(pinned, pin)));
  const directory = join(root, 'node_modules/.cache/latchkey/peers', `${name}-${hash.digest('hex').slice(0, 16)}`);
  const isComplete = join(directory, '.complete');
  if (existsSync(isComplete)) return directory;

  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  try {
    await install(pinned, directory);
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    return skip(name, `its packages cannot be installed: ${String(error).split('\n')[0]}`);
  }
  writeFileSync(isComplete, '');
  return directory;
}

function skip(name: string, reason: string): undefined {
  console.warn(`SKIPPED: nothing is held against ${name}, because ${reason}`);
  return undefined;
}

export interface RunningPeer {
  /** What the pattern found in its output. */
  readonly found: RegExpExecArray;
  stop(): Promise<void>;
}

/**
 * Starts a program and waits for what it prints when it is ready.
 * @throws Error with its output when it ends before that
 */
export async function startPeer(command: string, args: readonly string[], ready: RegExp): Promise<RunningPeer> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const found = await new Promise<RegExpExecArray>((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const match = ready.exec(output);
      if (match) resolve(match);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    child.once('close', () => reject(new Error(`${command} ended: ${output}`)));
  });
  return { found, stop: () => end(child) };
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('close', () => resolve());
    child.kill();
  });
}
