import { isDeepStrictEqual } from 'node:util';
import { createAwsClient } from '../aws-client.ts';
import type { Clause } from '../clause.ts';
import { Unavailable } from '../oauth/errors.ts';
import { type Attributes, toAttributes } from './attribute-value.ts';
import { ConditionFailed, createDynamoDbCall, getItem, parseAttributes, toKey } from './dynamodb-call.ts';
import type { Item, Key, Table, TableOptions } from './table.ts';
import { writeExpressions } from './write-expressions.ts';

export function openTable({ tableName: TableName, ...options }: TableOptions): Table {
  const call = createDynamoDbCall(createAwsClient, options);

  /** All pages, of 1 MB each, unless there is a limit. Those of a query have one deadline together. */
  async function readAll(operation: 'Query' | 'Scan', input: object): Promise<Item[]> {
    const items: Item[] = [];
    const startedAt = operation === 'Query' ? performance.now() : undefined;
    let start: Attributes | undefined;
    do {
      const page = await call(operation, { ...input, ...(start && { ExclusiveStartKey: start }) }, startedAt);
      // DynamoDB always sends a list. A response without one must not pass for an empty list, such as of revocations.
      if (!Array.isArray(page['Items'])) throw new Unavailable('the table');
      for (const item of page['Items']) items.push(parseAttributes(item));
      start = readStart(page['LastEvaluatedKey'], start);
    } while (start && !('Limit' in input));
    return items;
  }

  const update = (key: Key, set: Item, when: readonly Clause[], ReturnValues: 'ALL_NEW' | 'NONE') =>
    ifHeld(call('UpdateItem', { TableName, Key: toKey(key), ReturnValues, ...writeExpressions({ set, when }) }));

  return {
    get: (key, attributes) => getItem(call, TableName, key, attributes),

    async put(item, when = []) {
      const writing = call('PutItem', { TableName, Item: toAttributes(item), ...writeExpressions({ when }) });
      return (await ifHeld(writing)) !== undefined;
    },

    async set(key, attributes, when) {
      const answer = await update(key, attributes, when, 'ALL_NEW');
      return answer && parseAttributes(answer['Attributes']);
    },

    setBlindly: async (key, attributes, when) => (await update(key, attributes, when, 'NONE')) !== undefined,

    async remove(key, when = []) {
      const removing = call('DeleteItem', { TableName, Key: toKey(key), ...writeExpressions({ when }) });
      return (await ifHeld(removing)) !== undefined;
    },

    query: (pk, from, page) =>
      readAll('Query', {
        TableName,
        ConsistentRead: true,
        KeyConditionExpression: `pk = :pk AND sk ${page ? 'BETWEEN :from AND :to' : '>= :from'}`,
        ExpressionAttributeValues: toAttributes({ ':pk': pk, ':from': from, ':to': page?.to }),
        ...(page && { Limit: page.limit }),
      }),

    scan: (sk) =>
      readAll('Scan', {
        TableName,
        ConsistentRead: true,
        FilterExpression: 'sk = :sk',
        ExpressionAttributeValues: toAttributes({ ':sk': sk }),
      }),
  };
}

/** Undefined when the condition of the write did not hold. */
async function ifHeld<Answer>(writing: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await writing;
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}

/** @throws Unavailable when it is where this page began, because reading would never end */
export function readStart(lastEvaluatedKey: unknown, previous: Attributes | undefined): Attributes | undefined {
  if (lastEvaluatedKey === undefined) return undefined;
  parseAttributes(lastEvaluatedKey);
  if (isDeepStrictEqual(lastEvaluatedKey, previous)) throw new Unavailable('the table');
  return lastEvaluatedKey as Attributes;
}
