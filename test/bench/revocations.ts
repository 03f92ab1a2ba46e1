import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { options } from '../../infra/build.mjs';
import { createSeedTable } from '../../infra/local/seed-table.ts';
import { sendToTable, startTable } from '../../infra/local/table.ts';
import { SEGMENT_ENTRIES } from '../../lib/oauth/revocation-segment.ts';
import { fullSegment } from '../support/revocation-list.ts';
import type { Figure } from './figure.ts';
import { type ListFigures, names } from './list-container.ts';
import { against, type Effort, median, mostRatio } from './measure.ts';
import type { Measured } from './pictures.ts';

export const LIST_SIZES = [0, 1_000, 10_000, 100_000, 1_000_000];

/** For a list of a million entries. docs/design.md section 4 */
const MOST = { units: 2_000, cpu: 1_500, bytes: 64 * 1024 * 1024, ratio: 1.5 };

export interface ListEffort {
  readonly sizes: readonly number[];
  /** For each size, in processes of their own. The median is what counts. */
  readonly containers: number;
  readonly checks: Effort;
  readonly decisions: Effort;
}

export const listEffort = (isQuick: boolean): ListEffort => ({
  sizes: LIST_SIZES,
  containers: isQuick ? 1 : 3,
  checks: { rounds: isQuick ? 41 : 201, milliseconds: 0, warmUp: 100 },
  decisions: { rounds: isQuick ? 51 : 301, milliseconds: 3, warmUp: 400 },
});

const MEASURE = `require(process.argv[1]).measure(...JSON.parse(process.argv[2]))
  .then((figures) => process.stdout.write(JSON.stringify(figures), () => process.exit()))`;

/** The first reading of the list and its checks, in a process of its own for each size, on the embedded table. */
export async function measureRevocations({ sizes, containers, ...efforts }: ListEffort): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));
  const entryPoints = [fileURLToPath(new URL('list-container.ts', import.meta.url))];
  await build({ ...options, plugins: [], entryPoints, outdir: directory, write: true, logLevel: 'error' });
  const [filled, empty] = [await startMeteredTable(), await startMeteredTable()];
  const table = createSeedTable(filled.embedded.endpoint, filled.place.tableName);
  const figures: Figure[] = [];
  const curves = { units: [] as number[], cpu: [] as number[], check: [] as number[], decision: [] as number[] };
  let seeded = 0;
  try {
    for (const size of sizes) {
      const now = Math.floor(Date.now() / 1000);
      for (; seeded < size / SEGMENT_ENTRIES; seeded++) {
        await table.put(fullSegment(seeded, { created_at: now, expires_at: now + 86_400 }));
      }
      const input = JSON.stringify([filled.place, empty.place, efforts]);
      const script = join(directory, 'list-container.cjs');
      const measured: (ListFigures & { units: number })[] = [];
      for (let container = 0; container < containers; container++) {
        filled.takeFirst();
        const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '-e', MEASURE, script, input]);
        measured.push({ ...(JSON.parse(stdout) as ListFigures), units: filled.takeFirst() });
      }
      const medianOf = (figure: 'units' | 'cpu' | 'bytes') => median(measured.map(({ [figure]: value }) => value));
      const [units, cpu, bytes] = [medianOf('units'), medianOf('cpu'), medianOf('bytes')];
      const rounds = new Map(
        Object.values(names).map((name) => [name, measured.flatMap((each) => new Map(each.rounds).get(name) ?? [])]),
      );
      const of = `${size.toLocaleString('en')} entries`;
      const beside = (name: string, floor: string) => ({
        ...against(rounds, name, floor, mostRatio(MOST.ratio)),
        name: `${of}, ${name}`,
      });
      const [check, decision] = [
        beside(names.check, names.checkOfEmpty),
        beside(names.decision, names.decisionOfEmpty),
      ];
      curves.units.push(units);
      curves.cpu.push(cpu);
      curves.check.push(check.ratio!);
      curves.decision.push(decision.ratio!);
      figures.push(
        { name: `${of}, first reading`, unit: 'units', value: units, goal: { of: 'value', most: MOST.units } },
        { name: `${of}, CPU time of it`, unit: 'ms', value: cpu, goal: { of: 'value', most: MOST.cpu } },
        { name: `${of}, memory`, unit: 'bytes', value: Math.max(0, bytes), goal: { of: 'value', most: MOST.bytes } },
        check,
        decision,
      );
    }
  } finally {
    for (const each of [filled, empty]) await each.stop();
    await rm(directory, { recursive: true });
  }
  const [cpuOfFirst = 1] = curves.cpu;
  return { figures, curves: { x: sizes, ...curves, cpu: curves.cpu.map((cpu) => cpu / cpuOfFirst) } };
}

async function startMeteredTable() {
  const embedded = await startTable();
  const meter = await startMeter(embedded.endpoint);
  return {
    embedded,
    place: { endpoint: meter.endpoint, tableName: embedded.tableName },
    takeFirst: meter.takeFirst,
    async stop() {
      await meter.stop();
      await embedded.stop();
    },
  };
}

/** A proxy that adds up the units that a process reads until its first strict check after the first reading. */
async function startMeter(upstream: string) {
  let reads: { units: number; isStrong: boolean; from: string }[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const input = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    const body = Buffer.from(JSON.stringify({ ...input, ReturnConsumedCapacity: 'TOTAL' }));
    const { 'content-length': _, ...headers } = incoming.headers;
    const answer = await sendToTable(upstream, headers, body);
    const { ConsumedCapacity } = JSON.parse(answer.body.toString()) as { ConsumedCapacity?: { CapacityUnits: number } };
    const values = (input['ExpressionAttributeValues'] ?? {}) as Record<string, { S?: string }>;
    const from = values[':from']?.S ?? '';
    const isStrong = input['ConsistentRead'] === true;
    // DynamoDB asks a price also for an answer without items, and the embedded table does not.
    const units = Math.max(ConsumedCapacity?.CapacityUnits ?? 0, isStrong ? 1 : 0.5);
    reads.push({ units, isStrong, from });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** All but the checks, which are the same request again and again. @returns units of the first reading */
    takeFirst(): number {
      const taken = reads;
      reads = [];
      const lastEventual = taken.findLastIndex(({ isStrong }) => !isStrong);
      return taken.slice(0, lastEventual + 2).reduce((sum, { units }) => sum + units, 0);
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
