import type { Attributes } from './attribute-value.ts';
import { readItems, readStart } from './dynamodb.ts';
import type { DynamoDbCall } from './dynamodb-call.ts';
import type { Item } from './table.ts';

/** Of 1 MB at most. */
export interface ItemPage {
  readonly items: readonly Item[];
  /** Where the next one starts; undefined after the last one. */
  readonly next: Attributes | undefined;
}

export type PageReader = (operation: 'Query' | 'Scan', input: object, start?: Attributes) => Promise<ItemPage>;

/** For lists that are too long to be in memory as a whole. @throws Unavailable */
export const createPageReader =
  (call: DynamoDbCall, TableName: string): PageReader =>
  async (operation, input, start) => {
    const page = await call(operation, { TableName, ...input, ...(start && { ExclusiveStartKey: start }) });
    return { items: readItems(page), next: readStart(page['LastEvaluatedKey'], start) };
  };
