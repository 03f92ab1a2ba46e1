// Programs in other languages that the long run compares this service with, or checks it with. A folder of test/peers or test/clients
// pins their packages, which are installed into node_modules/.cache when a test needs them. If the toolchain is missing, the tests
// are skipped with a message.
//
// For another language, pin its packages in such a folder, and describe their installation like `python`.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Toolchain {
  /** The required command, and its argument to print its version. */
  readonly command: string;
  readonly versionArgument: string;
  /** The files in the folder that pin its packages. Default: everything but tests, where programs are compiled. */
  readonly pins?: readonly string[];
  /** What else tells one installation of a folder from another. */
  readonly variant?: string;
  /** Installs the packages that one directory pins into another, empty one. */
  install(pinned: string, into: string): Promise<void>;
}

/** Uses a virtual environment. The requirements list all packages, so pip need not resolve dependencies. */
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

/** Installs what a lock file pins. */
export const npm: Toolchain = {
  command: 'npm',
  versionArgument: '--version',
  pins: ['package.json', 'package-lock.json'],
  async install(pinned, into) {
    for (const name of ['package.json', 'package-lock.json']) cpSync(join(pinned, name), join(into, name));
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: into });
  },
};

/** Compiles the programs in the folders of a module. Go keeps what it has downloaded in its own cache. */
export const go: Toolchain = {
  command: 'go',
  versionArgument: 'version',
  async install(pinned, into) {
    await run('go', ['build', '-mod=readonly', '-o', `${into}/`, './...'], { cwd: pinned });
  },
};

/**
 * Packages a project, into its `target`. Maven keeps what it has downloaded in its own cache.
 * @param parentVersion of the parent in `pom.xml`, in place of the one that is there
 */
export const maven = (parentVersion?: string): Toolchain => ({
  command: 'mvn',
  versionArgument: '--version',
  variant: parentVersion ?? '',
  async install(pinned, into) {
    cpSync(pinned, into, { recursive: true });
    if (parentVersion) {
      const pom = join(into, 'pom.xml');
      writeFileSync(pom, readFileSync(pom, 'utf8').replace(/<version>[^<]+/, `<version>${parentVersion}`));
    }
    await run('mvn', ['--quiet', '--batch-mode', 'package'], { cwd: into });
  },
});

/**
 * Installs a peer, or reuses an earlier installation from the same pins.
 * @param folder with what pins it
 * @returns the directory of the installation; undefined if its tests must be skipped, after printing why
 * @throws Error in CI when the toolchain is present but the packages cannot be installed
 */
export async function installPeer(folder: string, toolchain: Toolchain): Promise<string | undefined> {
  const { command, versionArgument, pins, variant = '', install } = toolchain;
  const name = folder.replace(/^test\//, '').replaceAll('/', '-');
  const version = await run(command, [versionArgument]).catch(() => undefined);
  if (!version) return skip(name, `there is no ${command} on this machine`);

  const pinned = join(root, folder);
  const hash = createHash('sha256').update(`${version.stdout}${version.stderr}${variant}`);
  for (const pin of pins ?? sourcesIn(pinned)) hash.update(readFileSync(join(pinned, pin)));
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

const sourcesIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/\.test\.ts$|^target\//.test(name) && statSync(join(directory, name)).isFile())
    .toSorted();

function skip(name: string, reason: string): undefined {
  console.warn(`SKIPPED: ${name} was not run, because ${reason}`);
  return undefined;
}

export interface RunningPeer {
  /** The match of the pattern in its output. */
  readonly found: RegExpExecArray;
  stop(): Promise<void>;
}

/**
 * Starts a program and waits until its output matches a pattern.
 * @param env variables besides those of this process
 * @throws Error with the output when the program ends before that
 */
export async function startPeer(
  command: string,
  args: readonly string[],
  ready: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningPeer> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
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
