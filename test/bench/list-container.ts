import { compose as composeAuthorizer } from '../../functions/authorizer.ts';
import { createAuthorizer } from '../../lib/authorizer/authorizer.ts';
import { systemClock } from '../../lib/clock.ts';
import { createRevocationList, type RevocationList } from '../../lib/revocation/list.ts';
import { openTable } from '../../lib/store/dynamodb.ts';
import { createRevocationStore } from '../../lib/store/revocation.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { authorizerEvents, getToken } from '../support/world.ts';
import { createDeployment } from './deployment.ts';
import { type Effort, interleave, type Rounds } from './measure.ts';

interface Place {
  readonly endpoint: string;
  readonly tableName: string;
}

/** What a container that reads the list for the first time needs, and then for its checks. */
export interface ListFigures {
  /** CPU milliseconds until the first decision. */
  readonly cpu: number;
  /** Of memory, above that before the list was read. */
  readonly bytes: number;
  /** Of the names below, by that name. */
  readonly rounds: readonly (readonly [string, readonly number[]])[];
}

export const names = {
  check: 'strict check',
  checkOfEmpty: 'strict check of an empty list',
  decision: 'decision',
  decisionOfEmpty: 'decision by an empty list',
} as const;

const credentials = { accessKeyId: 'x', secretAccessKey: 'x' };
const claims = { iss: 'https://issuer.example', sub: 'subject', aud: 'orders', client_id: 'client' };

/** @param empty a table with an empty list, against which checks and decisions are held in the same rounds */
export async function measure(place: Place, empty: Place, efforts: Record<'checks' | 'decisions', Effort>) {
  const list = open(place);
  const memory = usedMemory();
  const before = process.cpuUsage();
  await check(list);
  const { user, system } = process.cpuUsage(before);
  const bytes = usedMemory() - memory;

  const ofEmpty = open(empty);
  const checks = await interleave(
    {
      [names.check]: { batch: 1, call: () => check(list) },
      [names.checkOfEmpty]: { batch: 1, call: () => check(ofEmpty) },
    },
    efforts.checks,
  );
  const decisions = await measureDecisions(list, ofEmpty, efforts.decisions);
  return { cpu: (user + system) / 1000, bytes, rounds: [...checks, ...decisions] } satisfies ListFigures;
}

const open = (place: Place): RevocationList =>
  createRevocationList(
    createRevocationStore(openTable({ ...place, region: 'us-east-1', credentials, patience: 50 })),
    systemClock,
  );

async function check(list: RevocationList): Promise<void> {
  const now = systemClock();
  const lived = { iat: now, exp: now + 3600, jti: 'token', grant_id: 'grant' };
  const token = { format: 'jwt', key: 'key', claims: { ...claims, ...lived } } as const;
  if ((await list.fresh(0)).isRevoked(token)) throw new Error('the token was not revoked');
}

/** The authorizer's decision on a token seen before, event in, answer out, with the list as old as it may be. */
async function measureDecisions(list: RevocationList, ofEmpty: RevocationList, effort: Effort): Promise<Rounds> {
  const { env, token } = createDeployment('ES256');
  const event = authorizerEvents['HTTP API 2.0'](await getToken({ token }, 'machine-jwt'));
  const decideBy = (revocations: RevocationList) => {
    const authorizer = createAuthorizer(() => ({
      ...composeAuthorizer(createFoundationWithTable(env)),
      revocations,
    }));
    return async () => {
      const answer = await authorizer(event as never);
      if (!('isAuthorized' in answer && answer.isAuthorized)) throw new Error('refused');
    };
  };
  return interleave(
    { [names.decision]: { call: decideBy(list) }, [names.decisionOfEmpty]: { call: decideBy(ofEmpty) } },
    effort,
  );
}

/** After a collection. */
function usedMemory(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
