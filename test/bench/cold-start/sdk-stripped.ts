import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';

const { AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_ENDPOINT_URL_DYNAMODB } =
  process.env as Record<string, string>;

/** The same with everything given that the client would search for. The build leaves out what searches. */
export const handler = () =>
  new DynamoDBClient({
    region: AWS_REGION!,
    endpoint: AWS_ENDPOINT_URL_DYNAMODB!,
    credentials: {
      accessKeyId: AWS_ACCESS_KEY_ID!,
      secretAccessKey: AWS_SECRET_ACCESS_KEY!,
      sessionToken: AWS_SESSION_TOKEN!,
    },
    retryMode: 'standard',
    maxAttempts: 3,
  }).send(new GetItemCommand({ TableName: 'latchkey', Key: { pk: { S: 'SCHEMA' }, sk: { S: 'SCHEMA' } } }));
