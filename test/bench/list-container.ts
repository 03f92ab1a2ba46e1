import { systemClock } from '../../lib/clock.ts';
import { createRevocationList } from '../../lib/revocation/list.ts';
import { openTable } from '../../lib/store/dynamodb.ts';
import { createRevocationStore } from '../../lib/store/revocation.ts';
import { median } from './measure.ts';

/** What a container that reads the list for the first time needs, and then for its checks. */
export interface ListFigures {
  /** CPU milliseconds until the first decision. */
  readonly cpu: number;
  /** Of memory, above that before the list was read. */
  readonly bytes: number;
  /** Milliseconds of a strict check. */
  readonly check: number;
  /** Microseconds of a decision on a token seen before, by a copy that is fresh enough. */
  readonly decision: number;
}

const CHECKS = 41;
const DECISIONS = 20_000;

export async function measure(endpoint: string, tableName: string): Promise<ListFigures> {
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
  const options = { endpoint, region: 'us-east-1', credentials, tableName, patience: 50 };
  const open = () => createRevocationList(createRevocationStore(openTable(options)), systemClock);
  const now = systemClock();
  const claims = { iss: 'https://issuer.example', sub: 'subject', aud: 'orders', client_id: 'client' };
  const token = {
    format: 'jwt',
    key: 'key',
    claims: { ...claims, iat: now, exp: now + 3600, jti: 'token', grant_id: 'grant' },
  } as const;

  const list = open();
  const memory = usedMemory();
  const before = process.cpuUsage();
  if ((await list.fresh(0)).isRevoked(token)) throw new Error('the token was not revoked');
  const { user, system } = process.cpuUsage(before);
  const bytes = usedMemory() - memory;

  const checks: number[] = [];
  for (let check = 0; check < CHECKS; check++) {
    const start = performance.now();
    (await list.fresh(0)).isRevoked(token);
    checks.push(performance.now() - start);
  }
  const known = await list.fresh(0);
  const start = performance.now();
  for (let decision = 0; decision < DECISIONS; decision++) known.isRevoked(token);
  const decision = ((performance.now() - start) * 1000) / DECISIONS;
  return { cpu: (user + system) / 1000, bytes, check: median(checks), decision };
}

/** After a collection. */
function usedMemory(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
