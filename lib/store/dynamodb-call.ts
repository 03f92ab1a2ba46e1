import type { AwsClientOptions, createAwsClient } from '../aws-client.ts';
import { elapsedMs } from '../clock.ts';
import { Unavailable } from '../oauth/errors.ts';
import { fromAttributes, toAttributes } from './attribute-value.ts';
import type { Item, Key } from './table.ts';

/**
 * Milliseconds. An attempt usually takes less than ten; two deadlines fit into the 3 seconds in which a failure is reported.
 */
const TIMEOUTS = { attempt: 600, deadline: 1_400 };

/** So nothing was written. */
export class ConditionFailed extends Error {}

/**
 * @param startedAt of several calls that have one deadline together, by `elapsedMs`
 * @throws ConditionFailed; Unavailable for any other failure
 */
export type DynamoDbCall = (operation: string, input: object, startedAt?: number) => Promise<Record<string, unknown>>;

export type DynamoDbOptions = AwsClientOptions & {
  /** The factor by which timeouts are longer. */
  readonly patience?: number;
};

/** @param createClient passed by the caller, because some functions load it late */
export function createDynamoDbCall(
  createClient: typeof createAwsClient,
  { patience = 1, ...aws }: DynamoDbOptions,
): DynamoDbCall {
  const call = createClient('dynamodb', aws);
  const limits = { attempt: TIMEOUTS.attempt * patience, deadline: TIMEOUTS.deadline * patience };
  return async (operation, input, startedAt = elapsedMs()) => {
    const deadline = startedAt + limits.deadline - elapsedMs();
    if (deadline <= 0) throw new Unavailable('the table');
    try {
      return await call(operation, input, { ...limits, deadline });
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') throw new ConditionFailed();
      throw new Unavailable('the table', error);
    }
  };
}

/** Strongly consistent. @param attributes to read besides the key; absent = all */
export async function getItem(
  call: DynamoDbCall,
  TableName: string,
  key: Key,
  attributes?: readonly string[],
): Promise<Item | undefined> {
  const answer = await call('GetItem', {
    TableName,
    Key: toKey(key),
    ConsistentRead: true,
    ...(attributes && projection(['pk', 'sk', ...attributes])),
  });
  return answer['Item'] === undefined ? undefined : parseAttributes(answer['Item']);
}

/** With placeholders, because some names are reserved words. */
const projection = (names: readonly string[]) => ({
  ProjectionExpression: names.map((_, index) => `#p${index}`).join(', '),
  ExpressionAttributeNames: Object.fromEntries(names.map((name, index) => [`#p${index}`, name])),
});

/** @throws Unavailable for anything else, because then it was not the table that answered */
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
