// `npm run bench`: measures the figures of docs/performance.md, each against a floor measured in the same rounds.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { analyseFunctions, buildFunctions } from '../../infra/build.mjs';
import { measureBundles } from './bundle-sizes.ts';
import { measureColdStarts } from './cold-start/cold-start.ts';
import { deliveriesEffort, measureDeliveries } from './deliveries.ts';
import { type Figure, formatTable, isMet } from './figure.ts';
import { guessingEffort, measureGuessing } from './guessing.ts';
import type { Effort } from './measure.ts';
import { measureNeighbours, neighboursEffort } from './neighbours.ts';
import { keepAndDraw, type Measured, type PictureName } from './pictures.ts';
import { listEffort, measureRevocations } from './revocations.ts';
import { bundleSubjects, measureSubject, subjectNames, subjects } from './subjects.ts';

const HELP = `usage: npm run bench -- [--quick] [--json FILE] [SUBJECT ...]

  --quick      fewer and shorter rounds: a first look, which draws no pictures
  --json FILE  writes the figures for machines
  SUBJECT      verify, authorizer, sign, client-credentials, authorize, redeem, refresh,
               introspection-and-revocation, formats, cold-start, revocations, deliveries, guessing,
               neighbours, bundles; all of them unless named
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, json: { type: 'string' }, help: { type: 'boolean' } },
});

/** Subjects whose curves are in the docs. */
const drawn: Record<PictureName, { title: string; measure: (isQuick: boolean) => Promise<Measured> }> = {
  revocations: {
    title: 'revocation list (embedded table)',
    measure: (isQuick) => measureRevocations(listEffort(isQuick)),
  },
  deliveries: {
    title: 'logout tokens beside a dead receiver (embedded table, a clock that costs no time)',
    measure: () => measureDeliveries(deliveriesEffort),
  },
  guessing: { title: 'guessing a secret (embedded table)', measure: () => measureGuessing(guessingEffort) },
};

async function run(): Promise<void> {
  const effort: Effort = { rounds: values.quick ? 51 : 301, milliseconds: 3, warmUp: 400 };
  const [load = 0] = loadavg();
  const sections = new Map<string, readonly Figure[]>();
  await buildFunctions();

  const directory = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));
  try {
    await bundleSubjects(directory);
    for (const name of subjectNames) {
      if (isWanted(name)) sections.set(subjects[name], await measureSubject(directory, name, effort));
    }
  } finally {
    await rm(directory, { recursive: true });
  }
  if (isWanted('cold-start')) sections.set('cold start', await measureColdStarts(values.quick ? 7 : 31));
  for (const [name, { title, measure }] of Object.entries(drawn)) {
    if (!isWanted(name)) continue;
    const { figures, curves } = await measure(values.quick ?? false);
    sections.set(title, figures);
    if (!values.quick) await keepAndDraw(name as PictureName, curves);
  }
  if (isWanted('neighbours')) {
    sections.set(
      'beside another client (embedded table)',
      await measureNeighbours(neighboursEffort(values.quick ?? false)),
    );
  }
  if (isWanted('bundles')) sections.set('bundle', measureBundles(await analyseFunctions()));

  process.stdout.write(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim()}; medians\n`);
  if (load > 0.5)
    process.stdout.write(`load was ${load.toFixed(1)} at the start: figures are too high, ratios noisy\n`);
  process.stdout.write('\n');
  process.stdout.write(`${formatTable(sections)}\n`);
  if (values.json) await writeFile(values.json, `${JSON.stringify(toJson(sections, load), null, 2)}\n`);
}

const isWanted = (name: string) => positionals.length === 0 || positionals.includes(name);

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
