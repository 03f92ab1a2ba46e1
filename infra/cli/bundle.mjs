// Bundles the command line ahead of time: loaded as TypeScript, it would take ten times as long to start.
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
  // Identifiers are not minified, so that stack traces can be read.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  // Some packages are CommonJS and require modules of Node.js.
  banner: {
    js: 'import{createRequire as createRequireOfBundle}from"node:module";const require=createRequireOfBundle(import.meta.url);',
  },
  write: false,
  logLevel: 'silent',
};

/**
 * Bundles the current sources into the cache, or, if the cache cannot be written, into a directory for this process only.
 * @returns the directory of the bundle
 */
export async function bundleCommandLine() {
  for (;;) {
    const before = fingerprint();
    const { outputFiles = [] } = await build(options);
    // The sources changed during the build, so the bundle may mix two versions.
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

/** Moves a complete bundle into place. Another process may be publishing the same bundle. */
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

/** `mkdtemp` makes a directory that no other user can write to. */
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

/** Removes bundles of older sources. A week is longer than any process that still loads chunks from its bundle. */
function removeOld() {
  for (const name of readdirSync(cache)) {
    const directory = join(cache, name);
    const { mtimeMs = Date.now() } = statSync(directory, { throwIfNoEntry: false }) ?? {};
    if (Date.now() - mtimeMs > WEEK_MS) rmSync(directory, { recursive: true, force: true });
  }
}
