import type { AwsCall } from '../aws-client.ts';
import { Unavailable } from '../oauth/errors.ts';
import { fromAttributes, toAttributes } from './attribute-value.ts';
import type { Item, Key } from './table.ts';

/**
 * Milliseconds. DynamoDB answers in single-digit milliseconds, so an attempt that takes 600 has failed. Two of these deadlines fit
 * into the 3 seconds in which a failing store is reported.
 */
const TIMEOUTS = { attempt: 600, deadline: 1_400 };

/** The condition of a write did not hold, so nothing was written. */
export class ConditionFailed extends Error {}

/**
 * Calls an operation of DynamoDB.
 * @throws ConditionFailed; Unavailable for any other failure
 */
export type DynamoDbCall = (operation: string, input: object) => Promise<Record<string, unknown>>;

/** @param patience the factor by which timeouts are longer */
export function dynamoDbCall(call: AwsCall, patience = 1): DynamoDbCall {
  const limits = { attempt: TIMEOUTS.attempt * patience, deadline: TIMEOUTS.deadline * patience };
  return async (operation, input) => {
    try {
      return await call(operation, input, limits);
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') throw new ConditionFailed();
      throw new Unavailable('the table', error);
    }
  };
}

/** Reads an item with strong consistency. @returns undefined when there is none */
export async function getItem(call: DynamoDbCall, TableName: string, key: Key): Promise<Item | undefined> {
  const answer = await call('GetItem', { TableName, Key: toKey(key), ConsistentRead: true });
  return answer['Item'] === undefined ? undefined : parseAttributes(answer['Item']);
}

/** @throws Unavailable for anything but an item, because then it was not the table that answered */
export function parseAttributes(attributes: unknown): Item {
  try {
    const item = fromAttributes(attributes);
    if (typeof item['pk'] !== 'string') throw new Error('the table returned an item without a key');
    return item;
  } catch (error) {
    throw new Unavailable('the table', error);
  }
}

export const toKey = ({ pk, sk }: Key) => toAttributes({ pk, sk });
