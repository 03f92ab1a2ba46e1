// The action, resource and condition keys that IAM evaluates for a request to DynamoDB or KMS.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
import { ACCOUNT, type AwsRequest } from './iam.ts';

export type Input = Readonly<Record<string, unknown>>;

type Attributes = Readonly<Record<string, { readonly S?: string } | undefined>>;

/** The partition key that an operation names; undefined for Scan. */
const leadingKeyOf = new Map<string, (input: Input) => string | undefined>([
  ['GetItem', ({ Key }) => (Key as Attributes)['pk']?.S],
  ['UpdateItem', ({ Key }) => (Key as Attributes)['pk']?.S],
  ['DeleteItem', ({ Key }) => (Key as Attributes)['pk']?.S],
  ['PutItem', ({ Item }) => (Item as Attributes)['pk']?.S],
  ['Query', queriedKey],
  ['Scan', () => undefined],
]);

function queriedKey({ KeyConditionExpression: text, ExpressionAttributeValues: values }: Input): string {
  const [, name = ''] = /^pk = (:\w+)\b/.exec(String(text)) ?? [];
  const key = (values as Attributes | undefined)?.[name]?.S;
  if (key === undefined) throw new Error(`the partition of a Query is not found: ${text}`);
  return key;
}

/** @throws Error for an operation that is not described here yet */
export function dynamoDbRequest(operation: string, input: Input, region: string): AwsRequest {
  const find = leadingKeyOf.get(operation);
  if (!find) throw new Error(`aws-request.ts does not describe the operation ${operation} of DynamoDB: add it`);
  const key = find(input);
  const index = input['IndexName'] === undefined ? '' : `/index/${input['IndexName']}`;
  return {
    action: `dynamodb:${operation}`,
    resource: `arn:aws:dynamodb:${region}:${ACCOUNT}:table/${input['TableName']}${index}`,
    context: {
      ...(key !== undefined && { 'dynamodb:LeadingKeys': [key] }),
      'dynamodb:Attributes': attributesOf(input),
      ...shownBy(operation, input),
    },
  };
}

/** The top-level attributes that a request mentions, anywhere. A read that asks for all mentions its keys at most. */
function attributesOf({ Key, Item, ExpressionAttributeNames: names }: Input): string[] {
  const mentioned = [...Object.keys(Key ?? Item ?? { pk: '', sk: '' }), ...Object.values(names ?? {}).map(String)];
  return [...new Set(mentioned)];
}

/** A read always has a `Select`, and a write always has `ReturnValues`, also if the request does not say so. */
function shownBy(operation: string, { Select, ProjectionExpression, ReturnValues }: Input): AwsRequest['context'] {
  if (!['GetItem', 'Query', 'Scan'].includes(operation)) {
    return { 'dynamodb:ReturnValues': [String(ReturnValues ?? 'NONE')] };
  }
  const usual = ProjectionExpression === undefined ? 'ALL_ATTRIBUTES' : 'SPECIFIC_ATTRIBUTES';
  return { 'dynamodb:Select': [String(Select ?? usual)] };
}

/** Parameters of KMS operations that are also condition keys. */
const parameterKeys = {
  SigningAlgorithm: 'kms:SigningAlgorithm',
  MessageType: 'kms:MessageType',
  MacAlgorithm: 'kms:MacAlgorithm',
  KeyPairSpec: 'kms:DataKeyPairSpec',
} as const;

/** The operations of KMS that are described here. */
const known = new Set(['GetPublicKey', 'Sign', 'GenerateMac', 'Decrypt', 'GenerateDataKeyPairWithoutPlaintext']);

/**
 * @param resource ARN of the key, by whatever name the request calls it
 * @throws Error for an operation that is not described here yet
 */
export function kmsRequest(operation: string, input: Input, resource: string): AwsRequest {
  if (!known.has(operation)) {
    throw new Error(`aws-request.ts does not describe the operation ${operation} of KMS: add it`);
  }
  const parameters = Object.entries(parameterKeys)
    .filter(([parameter]) => input[parameter] !== undefined)
    .map(([parameter, key]): [string, string[]] => [key, [String(input[parameter])]]);
  const encryptionContext = Object.entries((input['EncryptionContext'] ?? {}) as Record<string, string>);
  return {
    action: `kms:${operation}`,
    resource,
    context: {
      ...Object.fromEntries(parameters),
      ...Object.fromEntries(encryptionContext.map(([name, value]) => [`kms:EncryptionContext:${name}`, [value]])),
    },
  };
}
