// `npm run bench`: measures the figures of docs/performance.md, each against a floor measured in the same rounds.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { build } from 'esbuild';
import { analyseFunctions, buildFunctions, options } from '../../infra/build.mjs';
import { measureBundles } from './bundle-sizes.ts';
import { measureColdStarts } from './cold-start.ts';
import { type Figure, formatTable, isMet } from './figure.ts';
import type { Effort } from './measure.ts';

const HELP = `usage: npm run bench -- [--quick] [--json FILE] [SUBJECT ...]

  --quick      fewer and shorter rounds: a first look
  --json FILE  writes the figures for machines
  SUBJECT      verify, authorizer, sign, client-credentials, authorize, redeem, refresh,
               introspection-and-revocation, formats, cold-start, bundles; all of them unless named
`;

/** Measured each in a process of its own, so that none warms up or spoils the code of another. */
const SUBJECTS = {
  verify: 'JWT verification',
  authorizer: 'authorizer (HTTP API, simple answer, 1,000 revocations)',
  sign: 'JWT signature',
  'client-credentials': 'token endpoint (client cached)',
  authorize: 'authorization endpoint (client cached, store stubbed)',
  redeem: 'redemption of a code (client cached, store stubbed)',
  refresh: 'refresh (client cached, store stubbed)',
  'introspection-and-revocation': 'introspection and revocation (caller cached)',
  formats: 'encrypting by format, against jwt (client cached, store stubbed)',
} as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, json: { type: 'string' }, help: { type: 'boolean' } },
});

// Of Node 20 only, which is not what is deployed.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

async function run(): Promise<void> {
  const effort: Effort = values.quick ? { rounds: 51, milliseconds: 3 } : { rounds: 301, milliseconds: 3 };
  const [load = 0] = loadavg();
  const sections = new Map<string, readonly Figure[]>();
  await buildFunctions();

  const directory = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));
  try {
    // Bundled as what is deployed, because a loader of TypeScript adds to every function.
    const entryPoints = Object.keys(SUBJECTS).map((name) => fileURLToPath(new URL(`${name}.ts`, import.meta.url)));
    await build({ ...options, plugins: [], entryPoints, outdir: directory, write: true, logLevel: 'error' });
    for (const [name, title] of Object.entries(SUBJECTS)) {
      if (isWanted(name)) sections.set(title, await measureInProcess(join(directory, `${name}.cjs`), effort));
    }
  } finally {
    await rm(directory, { recursive: true });
  }
  if (isWanted('cold-start')) sections.set('cold start', await measureColdStarts(values.quick ? 7 : 31));
  if (isWanted('bundles')) sections.set('bundle', measureBundles(await analyseFunctions()));

  process.stdout.write(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim()}; medians\n`);
  if (load > 0.5)
    process.stdout.write(`load was ${load.toFixed(1)} at the start: figures are too high, ratios noisy\n`);
  process.stdout.write('\n');
  process.stdout.write(`${formatTable(sections)}\n`);
  if (values.json) await writeFile(values.json, `${JSON.stringify(toJson(sections, load), null, 2)}\n`);
}

const isWanted = (name: string) => positionals.length === 0 || positionals.includes(name);

async function measureInProcess(file: string, effort: Effort): Promise<Figure[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [file, JSON.stringify(effort)]);
  return JSON.parse(stdout) as Figure[];
}

const toJson = (sections: ReadonlyMap<string, readonly Figure[]>, load: number) => ({
  node: process.versions.node,
  cpu: cpus()[0]?.model,
  load,
  subjects: Object.fromEntries(
    [...sections].map(([title, figures]) => [title, figures.map((figure) => ({ ...figure, met: isMet(figure) }))]),
  ),
});

if (values.help) process.stdout.write(HELP);
else await run();
