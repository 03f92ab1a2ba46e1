import { DynamoDBClient, type DynamoDBClientConfig, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../lib/clock.ts';
import { parseAttributes } from '../../lib/store/dynamodb-call.ts';
import { keyOfSchema, NewerSchema, requireKnownSchema } from '../../lib/store/schema.ts';
import { Problem } from '../problem.ts';

type AwsOptions = Pick<DynamoDBClientConfig, 'endpoint' | 'credentials'> & { readonly region: string };

/**
 * Reads from the table once: to explain a failure in plain words, to find credentials, to refuse the table of a newer
 * version, and to learn the time of the table. Containers look for new revocation entries only a few seconds back,
 * so they would miss an entry that was dated by the wrong clock of a laptop.
 * @param notRunning the message for the table of a local stack that does not answer
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
  try {
    const Key = { pk: { S: keyOfSchema.pk }, sk: { S: keyOfSchema.sk } };
    const { Item } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
    requireKnownSchema(Item && parseAttributes(Item));
  } catch (error) {
    if (error instanceof NewerSchema) throw error;
    throw new Problem(explain(error as Error & { code?: string }, TableName, aws.region, notRunning));
  }
  return { client, credentials: client.config.credentials, clock: startClock(Date.parse(date ?? '')) };
}

/** A clock that starts at a given time and does not depend on the clock of this machine. */
function startClock(milliseconds: number): Clock {
  if (Number.isNaN(milliseconds)) {
    throw new Problem('the answer of the table has no date, and the clock of this machine may be wrong: try again');
  }
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
  if (name === 'ResourceNotFoundException') {
    return `there is no table ${table} in ${region}: check the name and --region`;
  }
  if (name === 'CredentialsProviderError') return `no AWS credentials were found: ${firstLine(message)}`;
  return `table ${table} is unavailable: ${firstLine(message) || (code ?? name)}`;
}

/** Messages of the SDK name actions and ARNs, but no secrets. */
const firstLine = (text: string) => text.split('\n')[0] ?? '';
