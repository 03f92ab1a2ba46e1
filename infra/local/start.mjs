// `npm start`. Builds the functions and, beside them, this program itself: one bundle loads in half the time that many
// TypeScript files take through a loader.
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { buildFunctions, watchFunctions } from '../build.mjs';

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const functions = buildFunctions();
functions.catch(() => {}); // told about where it is waited for

const program = fileURLToPath(new URL(`../../node_modules/.cache/latchkey/${randomUUID()}.mjs`, import.meta.url));
await build({
  entryPoints: [fileURLToPath(new URL('start.ts', import.meta.url))],
  outfile: program,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  // Files are found relative to where the sources are.
  define: { 'import.meta.url': JSON.stringify(import.meta.url) },
});
const { main } = await import(pathToFileURL(program).href).finally(() => rmSync(program));
await main(process.argv.slice(2), { functions, watchFunctions });
