// Bundles every function into dist/<name>/index.cjs. CommonJS, because `import 'node:http'` in an ES module bundle
// costs 15 ms of cold start and more. `mainFields` prefers the ES modules of packages, whose unused parts esbuild leaves out.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, context } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const names = readdirSync(join(root, 'functions')).map((file) => basename(file, '.ts'));

/**
 * Modules that only some deployments load, by file name. Each becomes a separate bundle next to that of every function that
 * may need it. In the same bundle, it would cost every start 9 ms, even when unused, because esbuild cannot merge modules that
 * are loaded on demand with the others.
 */
const loadedOnDemand = new Map([
  ['jwe-cipher', 'lib/tokens/jwe-cipher.ts'],
  ['aws-client', 'lib/aws-client.ts'],
]);

/** @type {import('esbuild').Plugin} */
const leaveOutLoadedOnDemand = {
  name: 'leave out modules that are loaded on demand',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.{1,2}\// }, ({ kind, path }) => {
      const name = basename(path, '.ts');
      return kind === 'dynamic-import' && loadedOnDemand.has(name)
        ? { path: `./${name}.cjs`, external: true }
        : undefined;
    }),
};

/** @type {import('esbuild').BuildOptions} */
export const options = {
  absWorkingDir: root,
  entryPoints: [
    ...names.map((name) => ({ in: `functions/${name}.ts`, out: `${name}/index` })),
    ...[...loadedOnDemand].map(([name, file]) => ({ in: file, out: name })),
  ],
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  mainFields: ['module', 'main'],
  plugins: [leaveOutLoadedOnDemand],
  // Dynamic imports become `require`: on Node 24, `import('node:http')` loads all of undici, which takes 20 ms.
  supported: { 'dynamic-import': false },
  legalComments: 'none',
  write: false,
  logLevel: 'warning',
};

/** Builds once. Takes well under a second. */
export const buildFunctions = async () => publish(await build(options));

/**
 * Replaces each changed bundle atomically, because another process may be about to load it, and only after a build without
 * errors.
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

/** The places of a bundle: that of a function has one, a module loaded on demand goes next to each function that needs it. */
function places(/** @type {import('esbuild').OutputFile} */ file, /** @type {import('esbuild').OutputFile[]} */ all) {
  const name = basename(file.path);
  if (!loadedOnDemand.has(basename(name, '.cjs'))) return [file];
  const users = all.filter(({ path, text }) => path !== file.path && text.includes(`"./${name}"`));
  return users.map(({ path }) => ({ path: join(dirname(path), name), contents: file.contents }));
}

/** Analyses what each bundle would consist of, module by module. Writes nothing. */
export const analyseFunctions = async () => (await build({ ...options, metafile: true })).metafile;

/** Builds again whenever a source file changes, and calls `onBuild` after each successful build. */
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
  const watcher = await context({ ...options, plugins: [leaveOutLoadedOnDemand, notify] });
  await watcher.watch();
  return watcher;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildFunctions();
