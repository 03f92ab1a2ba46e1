import { isDeepStrictEqual } from 'node:util';
import { createAwsClient } from '../aws-client.ts';
import type { Clause } from '../clause.ts';
import { elapsedMs } from '../clock.ts';
import { Unavailable } from '../oauth/errors.ts';
import { type Attributes, toAttributes } from './attribute-value.ts';
import { ConditionFailed, createDynamoDbCall, getItem, parseAttributes, toKey } from './dynamodb-call.ts';
import type { Item, Key, Range, Slice, Table, TableOptions } from './table.ts';
import { type Change, writeExpressions } from './write-expressions.ts';

export function openTable({ tableName: TableName, ...options }: TableOptions): Table {
  const call = createDynamoDbCall(createAwsClient, options);

  /** All pages, of 1 MB each, unless there is a limit. Those of a query have one deadline together. */
  async function readAll(operation: 'Query' | 'Scan', input: object): Promise<Item[]> {
    const items: Item[] = [];
    const startedAt = operation === 'Query' ? elapsedMs() : undefined;
    let start: Attributes | undefined;
    do {
      const page = await call(operation, { ...input, ...(start && { ExclusiveStartKey: start }) }, startedAt);
      for (const item of readItems(page)) items.push(item);
      start = readStart(page['LastEvaluatedKey'], start);
    } while (start && !('Limit' in input));
    return items;
  }

  const update = (key: Key, change: Change, when: readonly Clause[], ReturnValues: 'ALL_NEW' | 'NONE') =>
    ifHeld(call('UpdateItem', { TableName, Key: toKey(key), ReturnValues, ...writeExpressions({ ...change, when }) }));

  const readUpdated = async (...write: [Key, Change, readonly Clause[]]) => {
    const answer = await update(...write, 'ALL_NEW');
    return answer && parseAttributes(answer['Attributes']);
  };

  async function readSlice(pk: string, { from, to, after, limit, startedAt, ...how }: Range): Promise<Slice> {
    const input = {
      TableName,
      ConsistentRead: !how.isEventual,
      KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
      ExpressionAttributeValues: toAttributes({ ':pk': pk, ':from': from, ':to': to }),
      ...(after !== undefined && { ExclusiveStartKey: toKey({ pk, sk: after }) }),
      ...(limit !== undefined && { Limit: limit }),
      ...(how.isDescending && { ScanIndexForward: false }),
    };
    const page = await call('Query', input, startedAt);
    const start = readStart(page['LastEvaluatedKey'], after === undefined ? undefined : toKey({ pk, sk: after }));
    const items = readItems(page);
    // Without a filter, DynamoDB sends no empty page before the last one. Reading such pages might never end.
    if (start && items.length === 0) throw new Unavailable('the table');
    return { items, after: start && String(parseAttributes(start)['sk']) };
  }

  return {
    get: (key, attributes) => getItem(call, TableName, key, attributes),

    async put(item, when = []) {
      const writing = call('PutItem', { TableName, Item: toAttributes(item), ...writeExpressions({ when }) });
      return (await ifHeld(writing)) !== undefined;
    },

    set: (key, attributes, when) => readUpdated(key, { set: attributes }, when),

    setBlindly: async (key, attributes, when) => (await update(key, { set: attributes }, when, 'NONE')) !== undefined,

    update: readUpdated,

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

    slice: readSlice,

    scan: (sk) =>
      readAll('Scan', {
        TableName,
        ConsistentRead: true,
        FilterExpression: 'sk = :sk',
        ExpressionAttributeValues: toAttributes({ ':sk': sk }),
      }),
  };
}

/** DynamoDB always sends a list. @throws Unavailable without one, which must not pass for an empty list, such as of revocations */
export function readItems({ Items }: Readonly<Record<string, unknown>>): Item[] {
  if (!Array.isArray(Items)) throw new Unavailable('the table');
  return Items.map(parseAttributes);
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
