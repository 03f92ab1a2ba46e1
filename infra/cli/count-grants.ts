import type { GrantState } from '../../lib/oauth/grant-state.ts';
import { toAttributes } from '../../lib/store/attribute-value.ts';
import type { DynamoDbCall } from '../../lib/store/dynamodb-call.ts';
import { listOfGrants } from '../../lib/store/grant.ts';
import type { List, Lists } from '../../lib/store/lists.ts';
import { counted } from './output.ts';

/** Which grants to count: those of a client, of a subject, of a subject at a client, or all. */
export type GrantsOf = { readonly client_id?: string; readonly sub?: string } | 'all';

interface CountContext {
  readonly call: DynamoDbCall;
  readonly tableName: string;
  readonly lists: Lists;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** Pages of 1 MB: some 20,000 items, read in about a second. */
const MAX_PAGES = 10;

const MAX_LISTED = 250;

/**
 * Says how many live grants there are. Reads only part of a large table or list, because a person is waiting for the answer.
 * @returns words such as `1 grant` or `at least 20 grants`
 */
export async function countGrants(of: GrantsOf, context: CountContext): Promise<string> {
  const wanted = of === 'all' ? {} : of;
  const list = wanted.sub === undefined ? undefined : listOfGrants(wanted.sub);
  const isListed = list !== undefined && (await context.lists.isComplete(list));
  const { count, isAll } = await (isListed ? countListed(list, wanted, context) : countInTable(wanted, context));
  return `${isAll ? '' : 'at least '}${counted(count, 'grant')}`;
}

interface Count {
  readonly count: number;
  readonly isAll: boolean;
}

type Wanted = Exclude<GrantsOf, 'all'>;

async function countListed(
  list: List<GrantState>,
  { client_id }: Wanted,
  { lists, now }: CountContext,
): Promise<Count> {
  const isOf = (grant: GrantState) => client_id === undefined || grant.client_id === client_id;
  let [count, read] = [0, 0];
  for await (const page of lists.read(list)) {
    count += page.filter((grant) => isOf(grant) && grant.state !== 'revoked' && grant.expires_at > now).length;
    read += page.length;
    if (read >= MAX_LISTED) return { count, isAll: false };
  }
  return { count, isAll: true };
}

async function countInTable(wanted: Wanted, { call, tableName: TableName, now }: CountContext): Promise<Count> {
  const equals = Object.entries(wanted);
  const input = {
    TableName,
    Select: 'COUNT',
    FilterExpression: ['sk = :kind', '#state <> :revoked', 'expires_at > :now']
      .concat(equals.map(([name]) => `#${name} = :${name}`))
      .join(' AND '),
    // `state` and `sub` are reserved words.
    ExpressionAttributeNames: { '#state': 'state', ...Object.fromEntries(equals.map(([name]) => [`#${name}`, name])) },
    ExpressionAttributeValues: toAttributes({
      ':kind': 'GRANT',
      ':revoked': 'revoked',
      ':now': now,
      ...Object.fromEntries(equals.map(([name, value]) => [`:${name}`, value])),
    }),
  };
  let count = 0;
  let next: unknown;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const found = await call('Scan', { ...input, ...(next !== undefined && { ExclusiveStartKey: next }) });
    count += Number(found['Count'] ?? 0);
    next = found['LastEvaluatedKey'];
    if (next === undefined) break;
  }
  return { count, isAll: next === undefined };
}
