import { type DynamoDBClient, ScanCommand, type ScanCommandOutput } from '@aws-sdk/client-dynamodb';
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
export async function countGrants(client: DynamoDBClient, TableName: string, of: GrantsOf, now: number) {
  const [[name, value] = []] = of === 'all' ? [] : Object.entries(of);
  const input = {
    TableName,
    Select: 'COUNT',
    FilterExpression: `sk = :kind AND #state <> :revoked AND expires_at > :now${name ? ' AND #name = :value' : ''}`,
    ExpressionAttributeNames: { '#state': 'state', ...(name && { '#name': name }) },
    ExpressionAttributeValues: {
      ':kind': { S: 'GRANT' },
      ':revoked': { S: 'revoked' },
      ':now': { N: String(now) },
      ...(value !== undefined && { ':value': { S: value } }),
    },
  } as const;
  let count = 0;
  let next: ScanCommandOutput['LastEvaluatedKey'];
  for (let page = 1; page <= MAX_PAGES; page++) {
    const found: ScanCommandOutput = await client.send(new ScanCommand({ ...input, ExclusiveStartKey: next }));
    count += found.Count ?? 0;
    next = found.LastEvaluatedKey;
    if (!next) break;
  }
  return `${next ? 'at least ' : ''}${counted(count, 'grant')}`;
}
