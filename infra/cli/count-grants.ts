import type { GrantState } from '../../lib/oauth/grant-state.ts';
import { toAttributes } from '../../lib/store/attribute-value.ts';
import type { DynamoDbCall } from '../../lib/store/dynamodb-call.ts';
import { listOfGrants } from '../../lib/store/grant.ts';
import type { List, Lists } from '../../lib/store/lists.ts';
import { counted } from './output.ts';

/** Which grants to count: those of a client, of a subject, or all. */
export type GrantsOf = { readonly client_id: string } | { readonly sub: string } | 'all';

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
  const list = of !== 'all' && 'sub' in of ? listOfGrants(of.sub) : undefined;
  const isListed = list !== undefined && (await context.lists.isComplete(list));
  const { count, isAll } = await (isListed ? countListed(list, context) : countInTable(of, context));
  return `${isAll ? '' : 'at least '}${counted(count, 'grant')}`;
}

interface Count {
  readonly count: number;
  readonly isAll: boolean;
}

async function countListed(list: List<GrantState>, { lists, now }: CountContext): Promise<Count> {
  let [count, read] = [0, 0];
  for await (const page of lists.read(list)) {
    count += page.filter(({ state, expires_at }) => state !== 'revoked' && expires_at > now).length;
    read += page.length;
    if (read >= MAX_LISTED) return { count, isAll: false };
  }
  return { count, isAll: true };
}

async function countInTable(of: GrantsOf, { call, tableName: TableName, now }: CountContext): Promise<Count> {
  const [[name, value] = []] = of === 'all' ? [] : Object.entries(of);
  const input = {
    TableName,
    Select: 'COUNT',
    FilterExpression: `sk = :kind AND #state <> :revoked AND expires_at > :now${name ? ' AND #name = :value' : ''}`,
    ExpressionAttributeNames: { '#state': 'state', ...(name && { '#name': name }) },
    ExpressionAttributeValues: toAttributes({ ':kind': 'GRANT', ':revoked': 'revoked', ':now': now, ':value': value }),
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
