import type { AwsClientOptions } from '../aws-client.ts';
import { lazy } from '../lazy.ts';
import { createDynamoDbCall, getItem } from './dynamodb-call.ts';
import type { Item, Key } from './table.ts';

export type ItemReaderOptions = AwsClientOptions & { readonly tableName: string; readonly patience?: number };

/** For functions that seldom need the table: the AWS client is loaded at the first call. */
export function createItemReader({ tableName, patience, ...aws }: ItemReaderOptions) {
  const getCall = lazy(async () => {
    const { createAwsClient } = await import('../aws-client.ts');
    return createDynamoDbCall(createAwsClient('dynamodb', aws), patience);
  });
  return async (key: Key): Promise<Item | undefined> => getItem(await getCall(), tableName, key);
}
