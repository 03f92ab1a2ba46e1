import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { ConditionFailed, type Table } from '../../lib/store/table.ts';
import { callTable } from './table.ts';

/** The table as `lib/store` wants it, as far as seeding goes: what is put and got there is laid out by `lib/store`. */
export function createSeedTable(endpoint: string, TableName: string): Table {
  const call = async (operation: string, input: Record<string, unknown>) => {
    const answer = await callTable(endpoint, operation, { TableName, ...input });
    if (answer.error === 'ConditionalCheckFailedException') throw new ConditionFailed();
    if (answer.error) throw new Error(`${answer.error}: ${answer.message}`);
    return answer;
  };
  const unused = () => Promise.reject(new Error('seeding does no such thing'));
  return {
    async get(key) {
      const { Item } = await call('GetItem', { Key: marshall(key), ConsistentRead: true });
      return Item && unmarshall(Item);
    },
    async put(item, condition) {
      await call('PutItem', {
        Item: marshall(item, { removeUndefinedValues: true }),
        ...(condition && { ConditionExpression: condition.when.join(' AND ') }),
        ...(condition?.values && { ExpressionAttributeValues: marshall(condition.values) }),
      });
    },
    async remove(key) {
      await call('DeleteItem', { Key: marshall(key) });
    },
    set: unused,
    query: unused,
    scan: unused,
  };
}
