import { createAwsClient } from '../../lib/aws-client.ts';
import { systemClock } from '../../lib/clock.ts';
import { createDynamoDbCall } from '../../lib/store/dynamodb-call.ts';
import { createLists, type List, type ListOptions } from '../../lib/store/lists.ts';
import { awsVariables, PATIENCE, type World } from './world.ts';

/** The whole list, as an administrator reads it. */
export async function readList<Value>(
  { env, table }: Pick<World, 'env' | 'table'>,
  list: List<Value>,
  options: ListOptions = {},
): Promise<Value[]> {
  const call = createDynamoDbCall(createAwsClient, {
    endpoint: env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
    region: awsVariables.AWS_REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    patience: PATIENCE,
  });
  const lists = createLists({ call, table, tableName: env['TABLE_NAME'] ?? '', clock: systemClock });
  const found: Value[] = [];
  for await (const page of lists.read(list, options)) found.push(...page);
  return found;
}
