import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';

/** What a function on the AWS SDK does first: one GetItem, with the client's own defaults. */
export const handler = () =>
  new DynamoDBClient({}).send(
    new GetItemCommand({ TableName: 'latchkey', Key: { pk: { S: 'SCHEMA' }, sk: { S: 'SCHEMA' } } }),
  );
