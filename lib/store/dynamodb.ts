import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { Unavailable } from '../oauth/errors.ts';
import { updateInput } from './clauses.ts';
import { type Condition, ConditionFailed, type Item, type Table, type TableOptions } from './table.ts';

/** Two of these fit into the 3 seconds within which a failing store is reported. */
const DEADLINE_MS = 1_400;

/** An attempt that takes this long is lost: DynamoDB answers in single-digit milliseconds. */
const attempt = (patience: number) => ({
  connectionTimeout: 500 * patience,
  requestTimeout: 600 * patience,
  throwOnRequestTimeout: true,
});

/**
 * The table on DynamoDB. Imported at start and not at the first call: there is hardly a request that needs no table, and
 * Lambda gives the start of a container more CPU than the small functions have later.
 */
export function createTable({ tableName: TableName, patience = 1, ...aws }: TableOptions): Table {
  const client = new DynamoDBClient({ ...aws, maxAttempts: 3, requestHandler: attempt(patience) });
  const deadline = DEADLINE_MS * patience;

  /** What the SDK throws ends here. */
  const send = async <Output>(call: (options: { abortSignal: AbortSignal }) => Promise<Output>): Promise<Output> => {
    try {
      return await call({ abortSignal: AbortSignal.timeout(deadline) });
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) throw new ConditionFailed();
      throw new Unavailable('the table', error);
    }
  };

  return {
    async get({ pk, sk }) {
      const Key = marshall({ pk, sk });
      const { Item } = await send((options) =>
        client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }), options),
      );
      return Item && unmarshall(Item);
    },

    async put(item, condition) {
      const Item = marshall(item, { removeUndefinedValues: true });
      await send((options) =>
        client.send(new PutItemCommand({ TableName, Item, ...conditionInput(condition) }), options),
      );
    },

    async set({ pk, sk }, attributes, when) {
      const Key = marshall({ pk, sk });
      const input = { TableName, Key, ReturnValues: 'ALL_NEW', ...updateInput(attributes, when) } as const;
      const { Attributes } = await send((options) => client.send(new UpdateItemCommand(input), options));
      if (!Attributes) throw new Unavailable('the table');
      return unmarshall(Attributes);
    },

    async remove({ pk, sk }) {
      const Key = marshall({ pk, sk });
      await send((options) => client.send(new DeleteItemCommand({ TableName, Key }), options));
    },

    query: (pk, from) => {
      const ExpressionAttributeValues = marshall({ ':pk': pk, ':from': from });
      const KeyConditionExpression = 'pk = :pk AND sk >= :from';
      const input = { TableName, ConsistentRead: true, KeyConditionExpression, ExpressionAttributeValues };
      return pages((next) => send((options) => client.send(new QueryCommand({ ...input, ...next }), options)));
    },

    scan: (sk) => {
      const ExpressionAttributeValues = marshall({ ':sk': sk });
      const input = { TableName, ConsistentRead: true, FilterExpression: 'sk = :sk', ExpressionAttributeValues };
      return pages((next) => send((options) => client.send(new ScanCommand({ ...input, ...next }), options)));
    },
  };
}

function conditionInput(condition: Condition | undefined) {
  if (!condition) return {};
  return {
    ConditionExpression: condition.when.join(' AND '),
    ...(condition.values && { ExpressionAttributeValues: marshall(condition.values) }),
  };
}

type Attributes = Record<string, AttributeValue>;
type Start = { ExclusiveStartKey?: Attributes };
type Page = { Items?: Attributes[] | undefined; LastEvaluatedKey?: Attributes | undefined };

/** Reads page after page (of 1 MB each) to the end. */
async function pages(read: (start: Start) => Promise<Page>): Promise<Item[]> {
  const items: Item[] = [];
  let start: Start | undefined = {};
  while (start) {
    const { Items, LastEvaluatedKey }: Page = await read(start);
    // DynamoDB sends a list even when it is empty. Without one, whatever answered did not say that nothing was revoked.
    if (!Items) throw new Unavailable('the table');
    items.push(...Items.map((item) => unmarshall(item)));
    start = LastEvaluatedKey && { ExclusiveStartKey: LastEvaluatedKey };
  }
  return items;
}
