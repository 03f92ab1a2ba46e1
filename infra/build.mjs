// Bundles every function into dist/<name>/index.cjs. CommonJS, because `import 'node:http'` in an ES module bundle
// costs 15 ms of cold start and more; `mainFields`, because the AWS SDK shrinks by a third as ES modules.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, context } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const names = readdirSync(join(root, 'functions')).map((file) => basename(file, '.ts'));

/**
 * What only some deployments load, by the name of its file: a bundle of its own beside that of each function that may
 * need it. Within the same bundle it would cost every start 9 ms, used or not, because modules that are loaded later
 * cannot be merged with those that are not.
 */
const later = new Map([
  ['jwe-cipher', 'lib/tokens/jwe-cipher.ts'],
  ['aws-client', 'lib/aws-client.ts'],
]);

/** @type {import('esbuild').Plugin} */
const leaveForLater = {
  name: 'leave for later',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.{1,2}\// }, ({ kind, path }) => {
      const name = basename(path, '.ts');
      return kind === 'dynamic-import' && later.has(name) ? { path: `./${name}.cjs`, external: true } : undefined;
    }),
};

/** @type {import('esbuild').BuildOptions} */
export const options = {
  absWorkingDir: root,
  entryPoints: [
    ...names.map((name) => ({ in: `functions/${name}.ts`, out: `${name}/index` })),
    ...[...later].map(([name, file]) => ({ in: file, out: name })),
  ],
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  mainFields: ['module', 'main'],
  plugins: [leaveForLater],
  // What is imported later is required then: Node's own `import('node:http')` loads all of undici, 20 ms on Node 24.
  supported: { 'dynamic-import': false },
  legalComments: 'none',
  write: false,
  logLevel: 'warning',
};

/** Builds once. Takes well under a second. */
export const buildFunctions = async () => publish(await build(options));

/**
 * Puts each bundle that changed into place whole, because somebody may be about to load it, and only when all could be
 * built: what is there stays until there is something better.
 */
function publish(/** @type {import('esbuild').BuildResult} */ { outputFiles = [] }) {
  for (const { path, contents } of outputFiles.flatMap((file) => places(file, outputFiles))) {
    if (existsSync(path) && readFileSync(path).equals(contents)) continue;
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, contents);
    renameSync(temporary, path);
  }
}

/** Where a bundle belongs: that of a function where it is, one for later beside each function that refers to it. */
function places(/** @type {import('esbuild').OutputFile} */ file, /** @type {import('esbuild').OutputFile[]} */ all) {
  const name = basename(file.path);
  if (!later.has(basename(name, '.cjs'))) return [file];
  const users = all.filter(({ path, text }) => path !== file.path && text.includes(`"./${name}"`));
  return users.map(({ path }) => ({ path: join(dirname(path), name), contents: file.contents }));
}

/** What a build would consist of, bundle by bundle and module by module; writes nothing. */
export const analyseFunctions = async () => (await build({ ...options, metafile: true })).metafile;

/** Builds again whenever a source file changes; `onBuild` is called after each build that succeeded. */
export async function watchFunctions(/** @type {() => void} */ onBuild) {
  const notify = {
    name: 'notify',
    setup: (/** @type {import('esbuild').PluginBuild} */ { onEnd }) =>
      onEnd((result) => {
        if (result.errors.length > 0) return;
        publish(result);
        onBuild();
      }),
  };
  const watcher = await context({ ...options, plugins: [leaveForLater, notify] });
  await watcher.watch();
  return watcher;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildFunctions();
