import { type DynamoDBClient, ScanCommand, type ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { counted } from './output.ts';

/** Whose grants: those of a client, a subject, or all. */
export type GrantsOf = { readonly client_id: string } | { readonly sub: string } | 'all';

/** Of 1 MB each: enough for some 20,000 items, and for about a second. */
const MAX_PAGES = 10;

/**
 * Says how many grants have not ended, for a question that somebody waits to answer. Reads part of a large table only.
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
