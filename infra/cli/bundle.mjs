// Bundles the command line ahead of its use: as TypeScript through a loader it takes ten times as long to start.
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { cache, fingerprint, root } from './fingerprint.mjs';

/** The file of a bundle that exports `run`. */
export const PROGRAM = 'main.mjs';

/** @type {import('esbuild').BuildOptions} */
export const options = {
  absWorkingDir: root,
  entryPoints: ['infra/cli/main.ts'],
  outdir: '.',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  // A chunk for each group of commands, and the AWS SDK in chunks of its own.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  // Names stay, so that a stack trace can be read.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  // Some packages are CommonJS, and require what belongs to Node.
  banner: {
    js: 'import{createRequire as createRequireOfBundle}from"node:module";const require=createRequireOfBundle(import.meta.url);',
  },
  write: false,
  logLevel: 'silent',
};

/**
 * Bundles the sources as they are now, where later runs find the bundle; or, where that cannot be written, for this process
 * only.
 * @returns the directory of the bundle
 */
export async function bundleCommandLine() {
  for (;;) {
    const before = fingerprint();
    const { outputFiles = [] } = await build(options);
    // Edited meanwhile: nobody knows which of the two was bundled.
    if (fingerprint() !== before) continue;
    const directory = join(cache, before);
    try {
      publish(outputFiles, directory);
    } catch {
      return writeForThisProcess(outputFiles);
    }
    removeOld();
    return directory;
  }
}

/** Puts a bundle into place whole; another process may be doing the same. */
function publish(/** @type {import('esbuild').OutputFile[]} */ files, /** @type {string} */ directory) {
  const temporary = `${directory}.${randomUUID()}`;
  try {
    mkdirSync(temporary, { recursive: true });
    write(files, temporary);
    renameSync(temporary, directory);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    if (!existsSync(join(directory, PROGRAM))) throw error;
  }
}

/** Only this user can write there, as `mkdtemp` has it. */
function writeForThisProcess(/** @type {import('esbuild').OutputFile[]} */ files) {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-cli-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  write(files, directory);
  return directory;
}

function write(/** @type {import('esbuild').OutputFile[]} */ files, /** @type {string} */ directory) {
  for (const { path, contents } of files) writeFileSync(join(directory, basename(path)), contents);
}

const WEEK_MS = 7 * 86_400_000;

/** Those of older sources. A process that still runs has been loading from its own for less than a week. */
function removeOld() {
  for (const name of readdirSync(cache)) {
    const directory = join(cache, name);
    const { mtimeMs = Date.now() } = statSync(directory, { throwIfNoEntry: false }) ?? {};
    if (Date.now() - mtimeMs > WEEK_MS) rmSync(directory, { recursive: true, force: true });
  }
}
