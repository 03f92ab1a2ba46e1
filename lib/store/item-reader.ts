import { lazy } from '../lazy.ts';
import { createDynamoDbCall, type DynamoDbOptions, getItem } from './dynamodb-call.ts';
import type { Item, Key } from './table.ts';

export type ItemReaderOptions = DynamoDbOptions & { readonly tableName: string };

/** For functions that seldom need the table: the AWS client is loaded at the first call. */
export function createItemReader({ tableName, ...options }: ItemReaderOptions) {
  const getCall = lazy(async () => {
    const { createAwsClient } = await import('../aws-client.ts');
    return createDynamoDbCall(createAwsClient, options);
  });
  return async (key: Key): Promise<Item | undefined> => getItem(await getCall(), tableName, key);
}
