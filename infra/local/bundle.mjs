import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { buildFunctions, watchFunctions } from '../build.mjs';

/**
 * Builds the functions and, at the same time, the program of `npm start`, and runs it.
 * @param {string[]} args
 */
export async function bundleAndRun(args) {
  const functions = buildFunctions();
  functions.catch(() => {}); // the program reports errors when it awaits the functions

  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('start.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    write: false,
    // The program looks for files relative to its sources.
    define: { 'import.meta.url': JSON.stringify(import.meta.url) },
  });
  // Inside the project, so that the program finds its packages.
  const program = fileURLToPath(new URL(`../../node_modules/.cache/latchkey/${randomUUID()}.mjs`, import.meta.url));
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(program, outputFiles[0]?.contents ?? '');
  const { main } = await import(pathToFileURL(program).href).finally(() => rmSync(program));
  await main(args, { functions, watchFunctions });
}
