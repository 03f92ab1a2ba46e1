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
import type { ListFigures } from './list-container.ts';

export const LIST_SIZES = [0, 1_000, 10_000, 100_000, 1_000_000];

/** For a list of a million entries. docs/design.md section 4 */
const MOST = { units: 2_000, cpu: 1_500, bytes: 64 * 1024 * 1024 };

const MEASURE = `require(process.argv[1]).measure(process.argv[2], process.argv[3])
  .then((figures) => process.stdout.write(JSON.stringify(figures), () => process.exit()))`;

/** The first reading of the list and its checks, in a process of its own for each size, on the embedded table. */
export async function measureRevocations(sizes = LIST_SIZES): Promise<Figure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'latchkey-bench-'));
  const entryPoints = [fileURLToPath(new URL('list-container.ts', import.meta.url))];
  await build({ ...options, plugins: [], entryPoints, outdir: directory, write: true, logLevel: 'error' });
  const embedded = await startTable();
  const meter = await startMeter(embedded.endpoint);
  const table = createSeedTable(embedded.endpoint, embedded.tableName);
  const figures: Figure[] = [];
  let [seeded, checkOfEmpty] = [0, 0];
  try {
    for (const size of sizes) {
      const now = Math.floor(Date.now() / 1000);
      for (; seeded < size / SEGMENT_ENTRIES; seeded++) {
        await table.put(fullSegment(seeded, { created_at: now, expires_at: now + 86_400 }));
      }
      const args = [
        '--expose-gc',
        '-e',
        MEASURE,
        join(directory, 'list-container.cjs'),
        meter.endpoint,
        embedded.tableName,
      ];
      meter.takeFirst();
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const { cpu, bytes, check, decision } = JSON.parse(stdout) as ListFigures;
      const units = meter.takeFirst();
      if (size === 0) checkOfEmpty = check;
      const floor = { name: 'an empty list', value: checkOfEmpty };
      const of = `${size.toLocaleString('en')} entries`;
      figures.push(
        { name: `${of}, first reading`, unit: 'units', value: units, goal: { of: 'value', most: MOST.units } },
        { name: `${of}, CPU time of it`, unit: 'ms', value: cpu, goal: { of: 'value', most: MOST.cpu } },
        { name: `${of}, memory`, unit: 'bytes', value: Math.max(0, bytes), goal: { of: 'value', most: MOST.bytes } },
        {
          name: `${of}, strict check`,
          unit: 'ms',
          value: check,
          floor,
          ratio: check / checkOfEmpty,
          goal: { of: 'ratio', most: 1.5 },
        },
        { name: `${of}, decision`, unit: 'µs', value: decision },
      );
    }
  } finally {
    await meter.stop();
    await embedded.stop();
    await rm(directory, { recursive: true });
  }
  return figures;
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
    reads.push({ units: ConsumedCapacity?.CapacityUnits ?? 0, isStrong: input['ConsistentRead'] === true, from });
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
