import { toAttributes } from '../../lib/store/attribute-value.ts';
import type { DynamoDbCall } from '../../lib/store/dynamodb-call.ts';
import { counted } from './output.ts';

/** Which grants to count: those of a client, of a subject, or all. */
export type GrantsOf = { readonly client_id: string } | { readonly sub: string } | 'all';

/** Pages of 1 MB: some 20,000 items, read in about a second. */
const MAX_PAGES = 10;

/**
 * Says how many live grants there are. Reads only part of a large table, because a person is waiting for the answer.
 * @param now seconds since the epoch
 * @returns words such as `1 grant` or `at least 20 grants`
 */
export async function countGrants(call: DynamoDbCall, TableName: string, of: GrantsOf, now: number): Promise<string> {
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
  return `${next === undefined ? '' : 'at least '}${counted(count, 'grant')}`;
}
