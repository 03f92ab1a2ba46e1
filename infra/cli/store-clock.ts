import { DynamoDBClient, type DynamoDBClientConfig, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../lib/clock.ts';
import { readItem } from '../../lib/store/dynamodb-call.ts';
import { keyOfSchema, NewerSchema, requireKnownSchema } from '../../lib/store/schema.ts';
import { Problem } from './problem.ts';

type AwsOptions = Pick<DynamoDBClientConfig, 'region' | 'endpoint' | 'credentials'>;

/**
 * Reads from the table once: to say in plain words why that cannot be done, to find region and credentials, to refuse
 * the table of a newer version, and to learn the time. Containers look for new entries of the revocation list a few
 * seconds back, so an entry that was written by the clock of a laptop which is wrong would be missed. Only the table's
 * own time will do.
 * @param notRunning what to say when it is the table of a local stack and does not answer
 * @throws Problem, NewerSchema
 */
export async function probe(TableName: string, aws: AwsOptions, notRunning: string | undefined) {
  const client = new DynamoDBClient(aws);
  let date: string | undefined;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      date = (result.response as { headers?: Record<string, string> }).headers?.['date'];
      return result;
    },
    { step: 'deserialize', name: 'readDate' },
  );
  let region = '';
  try {
    region = await client.config.region();
    const Key = { pk: { S: keyOfSchema.pk }, sk: { S: keyOfSchema.sk } };
    const { Item } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
    requireKnownSchema(Item && readItem(Item));
  } catch (error) {
    if (error instanceof NewerSchema) throw error;
    throw new Problem(explain(error as Error & { code?: string }, TableName, region, notRunning));
  }
  return { client, region, credentials: client.config.credentials, clock: startClock(Date.parse(date ?? '')) };
}

/** The time that goes on from a moment without asking the system for the date again. */
function startClock(milliseconds: number): Clock {
  if (Number.isNaN(milliseconds)) throw new Problem('the table does not tell the time, and this clock may be wrong');
  const startedAt = performance.now();
  return () => Math.floor((milliseconds + performance.now() - startedAt) / 1000);
}

function explain(
  { name, code, message }: Error & { code?: string },
  table: string,
  region: string,
  notRunning: string | undefined,
) {
  if (notRunning !== undefined) return notRunning;
  if (name === 'ResourceNotFoundException') return `there is no table ${table} in ${region}`;
  if (name === 'CredentialsProviderError') return `there are no AWS credentials: ${firstLine(message)}`;
  return `table ${table} is unavailable: ${firstLine(message) || (code ?? name)}`;
}

/** The SDK's messages name actions and ARNs, and no secret. */
const firstLine = (text: string) => text.split('\n')[0] ?? '';
