import { lazy } from '../lazy.ts';
import { Unavailable } from '../oauth/errors.ts';
import type { ItemClientOptions } from './item-client.ts';
import type { Item, Key } from './table.ts';

/** As for the table: see dynamodb.ts. */
const DEADLINE_MS = 1_400;
const ATTEMPT_MS = 600;
const ATTEMPTS = 3;
const PAUSE_MS = 40;

export type ItemReaderOptions = Partial<ItemClientOptions> & { readonly tableName: string; readonly patience?: number };

/**
 * Reads an item, strongly consistent, without the client of DynamoDB.
 * @returns undefined when there is none
 * @throws Unavailable whenever DynamoDB does not do as asked, whatever the reason, within the deadline
 */
export function createItemReader({
  tableName: TableName,
  region,
  credentials,
  patience = 1,
  ...options
}: ItemReaderOptions) {
  const getClient = lazy(async () => {
    // In Lambda they are always there.
    if (!region || !credentials) throw new Unavailable('the table (AWS_REGION and credentials)');
    const { createItemClient } = await import('./item-client.ts');
    const endpoint = options.endpoint ?? `https://dynamodb.${region}.${suffixOf(region)}`;
    return createItemClient({ region, credentials, endpoint });
  });

  return async ({ pk, sk }: Key): Promise<Item | undefined> => {
    const getItem = await getClient();
    const deadline = AbortSignal.timeout(DEADLINE_MS * patience);
    const input = { TableName, Key: { pk: { S: pk }, sk: { S: sk } }, ConsistentRead: true };
    for (let attempt = 1; ; attempt++) {
      const outcome = await getItem(
        input,
        AbortSignal.any([deadline, AbortSignal.timeout(ATTEMPT_MS * patience)]),
      ).catch(asError);
      if (!(outcome instanceof Error) && outcome.status === 200) return readItem(outcome.body);
      const isFinal = attempt === ATTEMPTS || deadline.aborted || !mayPass(outcome);
      if (isFinal) throw new Unavailable('the table', outcome instanceof Error ? outcome : undefined);
      await new Promise((resolve) => setTimeout(resolve, attempt * PAUSE_MS));
    }
  };
}

type Outcome = Error | { readonly status: number; readonly body: string };

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error('unknown'));

/** Throttling, and all but a clear no. */
const mayPass = (outcome: Outcome) =>
  outcome instanceof Error || outcome.status >= 500 || /Throttl|ThroughputExceeded|LimitExceeded/.test(outcome.body);

const suffixOf = (region: string) => (region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com');

function readItem(body: string): Item | undefined {
  try {
    const { Item: item } = JSON.parse(body) as { Item?: Record<string, AttributeValue> };
    return item && readMap(item);
  } catch (error) {
    throw new Unavailable('the table', error);
  }
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html, without bytes and sets. */
type AttributeValue = Readonly<Record<string, unknown>>;

const readers = new Map<string, (value: never) => unknown>([
  ['S', (text: string) => text],
  ['N', (digits: string) => Number(digits)],
  ['BOOL', (value: boolean) => value],
  ['NULL', () => null],
  ['L', (values: AttributeValue[]) => values.map(readValue)],
  ['M', (values: Record<string, AttributeValue>) => readMap(values)],
]);

const readMap = (values: Record<string, AttributeValue>): Item =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, readValue(value)]));

function readValue(attribute: AttributeValue): unknown {
  const [[type = '', value] = []] = Object.entries(attribute);
  const read = readers.get(type);
  if (!read) throw new Error(`no attribute of type ${type} is read here`);
  return read(value as never);
}
