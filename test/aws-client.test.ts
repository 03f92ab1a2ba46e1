// lib/aws-client.ts takes the place of the AWS SDK in the functions. Each case goes through both, to the same embedded table
// behind the same faults, and both must do the same. Only the cases of dead connections are without the SDK.
import { createHash, createHmac } from 'node:crypto';
import dns from 'node:dns';
import { once as eventOf } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  type GetItemCommandInput,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { urlSuffixOf } from '../infra/cli/url-suffix.ts';
import { type Table as StartedTable, startTable } from '../infra/local/table.ts';
import { createAwsClient } from '../lib/aws-client.ts';
import { type Credentials, signHeaders } from '../lib/aws-signature.ts';
import type { Clause } from '../lib/clause.ts';
import { openTable as openTableAt } from '../lib/store/dynamodb.ts';
import type { Table } from '../lib/store/table.ts';
import {
  aheadBy,
  type Behaviour,
  type FaultyStore,
  faults,
  garbage,
  inFlightTogether,
  once,
  refusal,
  startFaultyStore,
  times,
} from './support/faulty-store.ts';
import { type Death, type FrailNetwork, startFrailNetwork } from './support/frail-network.ts';
import { passTime } from './support/pass-time.ts';
import { pairs, sampled } from './support/scale.ts';
import { PATIENCE } from './support/world.ts';

let embedded: StartedTable;
let store: FaultyStore;
let network: FrailNetwork;

beforeAll(async () => {
  embedded = await startTable();
  store = await startFaultyStore(embedded.endpoint, true);
  network = await startFrailNetwork(store.endpoint);
});
beforeEach(() => {
  store.take();
  network.count();
});
afterEach(() => store.behave());
afterAll(async () => {
  await network.stop();
  await store.stop();
  await embedded.stop();
});

const credentials = { accessKeyId: 'AKID', secretAccessKey: 'hush', sessionToken: 'session' };
const region = 'eu-west-1';

const commands = {
  GetItem: GetItemCommand,
  PutItem: PutItemCommand,
  UpdateItem: UpdateItemCommand,
  DeleteItem: DeleteItemCommand,
  Query: QueryCommand,
  Scan: ScanCommand,
} as const;

/** An operation on the table: what it answers, or an error by the service's name for it. */
type Call = (operation: keyof typeof commands, input: object) => Promise<object>;

function openOurs(): Call {
  const call = createAwsClient('dynamodb', { region, credentials, endpoint: store.endpoint });
  const patience = { attempt: 600 * PATIENCE, deadline: 1_400 * PATIENCE };
  return (operation, input) => call(operation, { TableName: embedded.tableName, ...input }, patience);
}

function openSdk(): Call {
  const client = new DynamoDBClient({ region, credentials, endpoint: store.endpoint, maxAttempts: 3 });
  return async (operation, input) => {
    const Command = commands[operation] as typeof GetItemCommand;
    const command = new Command({ TableName: embedded.tableName, ...input } as GetItemCommandInput);
    const { $metadata, ...answer } = await client.send(command);
    return answer;
  };
}

const openTable = (endpoint = store.endpoint, patience = PATIENCE): Table =>
  openTableAt({ tableName: embedded.tableName, region, credentials, endpoint, patience });

const clients = [
  ['our client', openOurs],
  ['the AWS SDK', openSdk],
] as const;

type Values = Record<string, AttributeValue>;

const text = (S: string) => ({ S });
const keyOf = (name: string) => ({ pk: name, sk: 'ITEM' });
const attributesOf = (name: string) => ({ pk: text(name), sk: text('ITEM') });

describe('A value in the table', () => {
  const deep = (levels: number): unknown => (levels === 0 ? 'end' : { list: [deep(levels - 1)] });
  const deepAttribute = (levels: number): AttributeValue =>
    levels === 0 ? text('end') : { M: { list: { L: [deepAttribute(levels - 1)] } } };

  const values: [name: string, value: unknown, attribute: AttributeValue][] = [
    ['text', 'text', text('text')],
    ['an empty text', '', text('')],
    ['Unicode', 'Zoë 😀 \u0000\ud7ff e\u0301 \u2028', text('Zoë 😀 \u0000\ud7ff e\u0301 \u2028')],
    ['text that looks like JSON', '{"S":"x"}\\"', text('{"S":"x"}\\"')],
    ['zero', 0, { N: '0' }],
    ['a negative number', -273.15, { N: '-273.15' }],
    ['the largest whole number', Number.MAX_SAFE_INTEGER, { N: '9007199254740991' }],
    ['a number of 125 digits', 1e125, { N: `1${'0'.repeat(125)}` }],
    ['a number with 100 zeros after the point', 1.5e-100, { N: `0.${'0'.repeat(99)}15` }],
    ['true', true, { BOOL: true }],
    ['false', false, { BOOL: false }],
    ['null', null, { NULL: true }],
    ['an empty list', [], { L: [] }],
    ['an empty map', {}, { M: {} }],
    [
      'a list of everything',
      ['', 0, false, null, [], {}],
      { L: [text(''), { N: '0' }, { BOOL: false }, { NULL: true }, { L: [] }, { M: {} }] },
    ],
    ['a map of names that are reserved', { S: 'x', __proto: 1 }, { M: { S: text('x'), __proto: { N: '1' } } }],
    ['a map in a list in a map, and so on', deep(10), deepAttribute(10)],
  ];

  // Opening it takes longer than the requests.
  let sdk: Call;
  beforeAll(() => {
    sdk = openSdk();
  });

  it.each(values)('that is %s and was written by our client is read by the AWS SDK', async (name, value, attribute) => {
    await openTable().put({ ...keyOf(name), value });
    const answer = await sdk('GetItem', { Key: attributesOf(name) });
    expect(answer).toEqual({ Item: { ...attributesOf(name), value: attribute } });
  });

  it.each(values)('that is %s and was written by the AWS SDK is read by our client', async (name, value, attribute) => {
    await sdk('PutItem', { Item: { ...attributesOf(name), value: attribute } });
    expect(await openTable().get(keyOf(name))).toEqual({ ...keyOf(name), value });
  });

  it('that is undefined is left out, at every depth', async () => {
    await openTable().put({ ...keyOf('undefined'), not: undefined, map: { not: undefined, yes: 1 } });
    const answer = await sdk('GetItem', { Key: attributesOf('undefined') });
    expect(answer).toEqual({ Item: { ...attributesOf('undefined'), map: { M: { yes: { N: '1' } } } } });
  });

  it.each([
    ['a number that is none', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a date', new Date(0)],
    ['a set', new Set(['a'])],
    ['bytes', Buffer.from('x')],
    ['undefined in a list', [undefined]],
    ['a function', () => {}],
    ['a bigint', 1n],
  ])('cannot be %s: our client throws before it sends anything', async (_name, value) => {
    await expect(openTable().put({ ...keyOf('refused'), value })).rejects.toThrow(TypeError);
    expect(store.take()).toEqual([]);
  });
});

describe.each(clients)('%s', (_name, open) => {
  const get = (call: Call) => call('GetItem', { Key: attributesOf('nobody'), ConsistentRead: true });

  it('sends a session token, and signs it', async () => {
    await get(open());
    const headers = store.take()[0]?.headers ?? {};
    expect(headers).toMatchObject({
      'x-amz-target': 'DynamoDB_20120810.GetItem',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-security-token': 'session',
    });
    const [, signed = ''] = /SignedHeaders=([^,]+)/.exec(String(headers.authorization)) ?? [];
    expect(signed.split(';')).toEqual(
      expect.arrayContaining(['host', 'x-amz-date', 'x-amz-security-token', 'x-amz-target']),
    );
  });

  type Failure = [name: string, behaviour: Behaviour, attempts: number, error: string | undefined];
  const failures: Failure[] = [
    ['throttled by the table', faults['throttled by the table'], 3, 'ProvisionedThroughputExceededException'],
    ['throttled by the account', faults['throttled by the account'], 3, 'ThrottlingException'],
    ['throttled twice', times(2, faults['throttled by the account']), 3, undefined],
    ['throttled three times', times(3, faults['throttled by the account']), 3, 'ThrottlingException'],
    ['refused for a request limit', faults['request limit exceeded'], 3, 'RequestLimitExceeded'],
    ['answered with status 500', faults['status 500'], 3, 'InternalServerError'],
    ['answered with status 500 once', once(faults['status 500']), 2, undefined],
    ['answered with status 503 once', once(faults['status 503']), 2, undefined],
    ['cut off', faults['connection reset'], 3, expect.any(String)],
    ['cut off twice', times(2, faults['connection reset']), 3, undefined],
    ['refused for expired credentials', faults['expired credentials'], 1, 'ExpiredTokenException'],
    ['refused for unknown credentials', faults['unknown credentials'], 1, 'UnrecognizedClientException'],
    ['denied access', faults['access denied'], 1, 'AccessDeniedException'],
    ['refused for a missing table', faults['no such table'], 1, 'ResourceNotFoundException'],
    ['refused as invalid', faults['validation failed'], 1, 'ValidationException'],
    [
      'answered with the name of an error only',
      garbage('{"__type":"ValidationException"}', 400),
      1,
      'ValidationException',
    ],
    ['by a clock that is 20 minutes slow', aheadBy(1_200_000), 2, undefined],
    ['by a clock that is 20 minutes fast', aheadBy(-1_200_000), 2, undefined],
    ['by a clock that is 2 minutes slow', aheadBy(120_000), 1, undefined],
    [
      'with a signature that is wrong whatever the time',
      refusal(400, 'InvalidSignatureException', { date: new Date().toUTCString() }),
      1,
      'InvalidSignatureException',
    ],
  ];
  // That the SDK does the same is not ours to test, but to know.
  it.each(open === openSdk ? sampled(failures, 5) : failures)('%s', async (_case, behaviour, attempts, error) => {
    store.behave(behaviour);
    const { result } = await passTime(() => get(open()).catch(({ name }: Error) => name));
    expect(result).toEqual(error ?? {});
    expect(store.take()).toHaveLength(attempts);
  });

  it('remembers how wrong its clock is', async () => {
    store.behave(aheadBy(1_200_000));
    const call = open();
    await get(call);
    store.take();
    await get(call);
    expect(store.take()).toHaveLength(1);
  });
});

describe('A signature is that of the AWS SDK', () => {
  const request = {
    headers: {
      host: 'dynamodb.eu-west-1.amazonaws.com',
      'x-amz-target': 'DynamoDB_20120810.GetItem',
      'content-length': '2',
    },
    body: '{}',
  };
  const permanent: Credentials = { accessKeyId: 'AKID', secretAccessKey: 'hush' };
  const scope = { service: 'dynamodb', region };
  const signing = {
    request,
    scope,
    credentials: credentials as Credentials,
    date: new Date('2026-11-30T08:07:06.005Z'),
  };
  type Signing = Omit<typeof signing, 'request'> & { request: Parameters<typeof signHeaders>[0] };

  it.each<[name: string, given: Partial<Signing>]>([
    ['with a session token', {}],
    ['without a session token', { credentials: permanent }],
    ['for KMS', { scope: { service: 'kms', region: 'us-gov-west-1' } }],
    ['of a body that is not ASCII', { request: { ...request, body: '{"Zoë":"😀"}' } }],
    ['of an empty body', { request: { ...request, body: '' } }],
    [
      'of headers in any order',
      { request: { ...request, headers: { 'x-b': '2', host: 'localhost:8000', 'x-a': '1' } } },
    ],
    ['at the end of a year', { date: new Date('2026-12-31T23:59:59.999Z') }],
    ['at the start of one', { date: new Date('2027-01-01T00:00:00.000Z') }],
  ])('%s', async (_name, given) => {
    const all: Signing = { ...signing, ...given };
    const signer = new SignatureV4({
      ...all.scope,
      credentials: all.credentials,
      sha256: Sha256,
      applyChecksum: false,
    });
    const unsigned = {
      ...all.request,
      headers: { ...all.request.headers },
      method: 'POST',
      protocol: 'https:',
      hostname: 'unused',
      path: '/',
    };
    const expected = await signer.sign(unsigned, { signingDate: all.date });
    expect(signHeaders(all.request, all.scope, all.credentials, all.date)).toEqual(expected.headers);
  });
});

/** In the form that the signer of the SDK expects; with a secret it is an HMAC. */
class Sha256 {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string | Uint8Array);
  }

  update(data: string | ArrayBuffer | ArrayBufferView) {
    this.#hash.update(data as string | Uint8Array);
  }

  digest = async () => new Uint8Array(this.#hash.digest());

  reset() {}
}

test('The endpoint can be an IPv6 address', async () => {
  const server = createServer((_, response) => response.end('{}'));
  await eventOf(server.listen(0, '::1'), 'listening');
  const endpoint = `http://[::1]:${(server.address() as AddressInfo).port}`;
  const call = createAwsClient('dynamodb', { region, credentials, endpoint });
  expect(await call('Any', {}, { attempt: 10_000, deadline: 10_000 })).toEqual({});
  server.close();
});

describe('The endpoint', () => {
  const hosts = [
    ['eu-west-1', 'amazonaws.com'],
    ['us-gov-west-1', 'amazonaws.com'],
    ['cn-north-1', 'amazonaws.com.cn'],
    ['eusc-de-east-1', 'amazonaws.eu'],
    ['us-iso-east-1', 'c2s.ic.gov'],
    ['us-isob-east-1', 'sc2s.sgov.gov'],
    ['us-isof-south-1', 'csp.hci.ic.gov'],
    ['eu-isoe-west-1', 'cloud.adc-e.uk'],
  ] as const;

  let asked: string[] = [];
  beforeEach(() => {
    asked = [];
    vi.spyOn(dns, 'lookup').mockImplementation(((host: string, _options: unknown, done: (error: Error) => void) => {
      asked.push(host);
      done(new Error('there is no network'));
    }) as never);
  });
  afterEach(() => vi.restoreAllMocks());

  const services = {
    dynamodb: (at: string) =>
      new DynamoDBClient({ region: at, credentials, maxAttempts: 1 }).send(new ScanCommand({ TableName: 'the-table' })),
    kms: (at: string) => new KMSClient({ region: at, credentials, maxAttempts: 1 }).send(new ListKeysCommand({})),
  };

  it.each(pairs(['dynamodb', 'kms'] as const, hosts).map(([service, [at, domain]]) => [service, at, domain] as const))(
    'of %s in %s belongs to %s',
    async (service, at, domain) => {
      await expect(services[service](at)).rejects.toThrow('there is no network');
      const call = createAwsClient(service, { region: at, credentials, urlSuffix: urlSuffixOf(at) });
      await expect(call('Any', {}, { attempt: 10_000, deadline: 10_000 })).rejects.toThrow('there is no network');
      expect([...new Set(asked)]).toEqual([`${service}.${at}.${domain}`]);
    },
  );
});

describe('A condition of a write', () => {
  const value = { state: 'active', count: 3, scope: ['read', 'write'], claims: { client_id: 'web' } };
  const Item = {
    state: text('active'),
    count: { N: '3' },
    scope: { L: [text('read'), text('write')] },
    claims: { M: { client_id: text('web') } },
  };
  const equals = (attribute: string, expected: unknown): Clause => ({ attribute, test: 'equals', value: expected });

  /** A condition as clauses and as an expression of the AWS SDK, and whether it holds for the item above. */
  const conditions: [name: string, clauses: Clause[], expression: string, values: Values, holds: boolean][] = [
    ['equals', [equals('state', 'active')], '#state = :a', { ':a': text('active') }, true],
    ['equals another', [equals('state', 'revoked')], '#state = :a', { ':a': text('revoked') }, false],
    ['equals, for a number', [equals('count', 3)], '#count = :a', { ':a': { N: '3' } }, true],
    ['equals, for a number in text', [equals('count', '3')], '#count = :a', { ':a': text('3') }, false],
    ['equals, in a map', [equals('claims.client_id', 'web')], '#claims.#client_id = :a', { ':a': text('web') }, true],
    ['equals, for a missing attribute', [equals('other', 'x')], '#other = :a', { ':a': text('x') }, false],
    ['differs', [{ attribute: 'state', test: 'differs', value: 'code' }], '#state <> :a', { ':a': text('code') }, true],
    [
      'differs, from the same',
      [{ attribute: 'count', test: 'differs', value: 3 }],
      '#count <> :a',
      { ':a': { N: '3' } },
      false,
    ],
    [
      'differs, for what is not there',
      [{ attribute: 'other', test: 'differs', value: 1 }],
      '#other <> :a',
      { ':a': { N: '1' } },
      true,
    ],
    ['exceeds', [{ attribute: 'count', test: 'exceeds', value: 2 }], '#count > :a', { ':a': { N: '2' } }, true],
    [
      'exceeds the same',
      [{ attribute: 'count', test: 'exceeds', value: 3 }],
      '#count > :a',
      { ':a': { N: '3' } },
      false,
    ],
    ['below', [{ attribute: 'count', test: 'below', value: 4 }], '#count < :a', { ':a': { N: '4' } }, true],
    ['below the same', [{ attribute: 'count', test: 'below', value: 3 }], '#count < :a', { ':a': { N: '3' } }, false],
    [
      'below, for what is not there',
      [{ attribute: 'other', test: 'below', value: 1 }],
      '(attribute_not_exists(#other) OR #other < :a)',
      { ':a': { N: '1' } },
      true,
    ],
    [
      'includes',
      [{ attribute: 'scope', test: 'includes', value: 'read' }],
      'contains(#scope, :a)',
      { ':a': text('read') },
      true,
    ],
    [
      'includes half a member',
      [{ attribute: 'scope', test: 'includes', value: 'rea' }],
      'contains(#scope, :a)',
      { ':a': text('rea') },
      false,
    ],
    ['absent', [{ attribute: 'other', test: 'absent' }], 'attribute_not_exists(#other)', {}, true],
    ['absent, for what is there', [{ attribute: 'state', test: 'absent' }], 'attribute_not_exists(#state)', {}, false],
    ['present', [{ attribute: 'state', test: 'present' }], 'attribute_exists(#state)', {}, true],
    [
      'present, for what is not there',
      [{ attribute: 'other', test: 'present' }],
      'attribute_exists(#other)',
      {},
      false,
    ],
    [
      'two that hold',
      [equals('state', 'active'), equals('count', 3)],
      '#state = :a AND #count = :b',
      { ':a': text('active'), ':b': { N: '3' } },
      true,
    ],
    [
      'two of which one does not hold',
      [equals('state', 'active'), equals('count', 4)],
      '#state = :a AND #count = :b',
      { ':a': text('active'), ':b': { N: '4' } },
      false,
    ],
  ];

  /** False for a condition that did not hold; throws anything else. */
  const isConditionFailed = (error: Error) => {
    if (error.name !== 'ConditionalCheckFailedException') throw error;
    return false;
  };
  const readBack = () => table.get(keyOf('conditions'));

  let table: Table;
  let sdk: Call;
  beforeAll(() => {
    table = openTable();
    sdk = openSdk();
  });

  it.each(conditions)(
    'has the same outcome as with the AWS SDK: %s',
    async (_name, clauses, expression, values, holds) => {
      const Key = attributesOf('conditions');
      const names = Object.fromEntries([...expression.matchAll(/#(\w+)/g)].map(([place, name]) => [place, name]));
      const update = {
        Key,
        UpdateExpression: 'SET note = :new',
        ConditionExpression: expression,
        ExpressionAttributeValues: { ...values, ':new': text('changed') },
        ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
        ReturnValues: 'ALL_NEW',
      };
      const writers = [
        async () => (await table.set(keyOf('conditions'), { note: 'changed' }, clauses)) !== undefined,
        () => sdk('UpdateItem', update).then(() => true, isConditionFailed),
      ];
      const outcomes = [];
      for (const write of writers) {
        await sdk('PutItem', { Item: { ...Key, ...Item } });
        const isWritten = await write();
        outcomes.push({ isWritten, item: await readBack() });
      }
      const expected = { ...keyOf('conditions'), ...value, ...(holds && { note: 'changed' }) };
      const outcome = { isWritten: holds, item: expected };
      expect(outcomes).toEqual([outcome, outcome]);
    },
  );

  it('on a missing item fails, and the item is not created', async () => {
    const key = keyOf('not there');
    expect(await openTable().set(key, { note: 'x' }, [equals('state', 'active')])).toBeUndefined();
    expect(await openTable().get(key)).toBeUndefined();
  });

  it.each(conditions)('has the same outcome for a put: %s', async (_name, clauses, _text, _values, holds) => {
    await sdk('PutItem', { Item: { ...attributesOf('conditions'), ...Item } });
    const next = { ...keyOf('conditions'), note: 'changed' };
    expect(await table.put(next, clauses)).toBe(holds);
    expect(await readBack()).toEqual(holds ? next : { ...keyOf('conditions'), ...value });
  });

  it('that an item is new is met by only one of several concurrent writers', async () => {
    const isNew: Clause = { attribute: 'pk', test: 'absent' };
    const writes = Array.from({ length: 8 }, (_, by) => openTable().put({ ...keyOf('new'), by }, [isNew]));
    const outcomes = await Promise.all(writes);
    expect(outcomes.filter((isWritten) => isWritten)).toHaveLength(1);
    expect(await openTable().get(keyOf('new'))).toMatchObject({ by: outcomes.indexOf(true) });
  });
});

describe('A list of several pages of 1 MB', () => {
  const ITEMS = 9;
  const sortKeys = Array.from({ length: ITEMS }, (_, index) => `K${index}`);

  beforeAll(async () => {
    const filler = 'x'.repeat(380_000);
    for (const sk of sortKeys) await openTable().put({ pk: 'pages', sk, filler });
    // For scans: items of one kind in many partitions.
    for (const pk of sortKeys) await openTable().put({ pk, sk: 'PAGE', filler });
  });

  /** Every page, as the AWS SDK reads it. */
  async function readAll(operation: 'Query' | 'Scan', input: object): Promise<unknown[]> {
    const call = openSdk();
    const items: Record<string, AttributeValue>[] = [];
    let start: object | undefined;
    do {
      const page = (await call(operation, { ...input, ...(start && { ExclusiveStartKey: start }) })) as {
        Items: Record<string, AttributeValue>[];
        LastEvaluatedKey?: object;
      };
      items.push(...page.Items);
      start = page.LastEvaluatedKey;
    } while (start);
    return items.map(({ pk, sk }) => `${pk?.S} ${sk?.S}`);
  }

  const lists = {
    'the query of a partition': {
      read: () => openTable().query('pages', 'K2'),
      input: {
        KeyConditionExpression: 'pk = :pk AND sk >= :from',
        ExpressionAttributeValues: { ':pk': text('pages'), ':from': text('K2') },
      },
      operation: 'Query',
      found: sortKeys.slice(2).map((sk) => `pages ${sk}`),
    },
    'the scan for a kind': {
      read: () => openTable().scan('PAGE'),
      input: { FilterExpression: 'sk = :sk', ExpressionAttributeValues: { ':sk': text('PAGE') } },
      operation: 'Scan',
      found: sortKeys.map((pk) => `${pk} PAGE`),
    },
  } as const;

  it.each(Object.entries(lists))('is read to its end: %s', async (_name, { read, input, operation, found }) => {
    const theirs = await readAll(operation, input);
    const requests = store.take().length;
    const items = (await read()).map(({ pk, sk }) => `${pk} ${sk}`);
    expect(items).toEqual(theirs);
    expect(items.toSorted()).toEqual(found);
    expect([store.take().length, requests > 2]).toEqual([requests, true]);
  });

  it.each(Object.entries(lists))('throws when a page fails: %s', async (_name, { read, operation }) => {
    let pages = 0;
    store.behave(async (response, forward, request) => {
      if (request.operation === operation && ++pages > 1) return faults['access denied'](response, forward, request);
      const { status, headers, body } = await forward();
      response.writeHead(status, headers).end(body);
    });
    await expect(read()).rejects.toMatchObject({ name: 'Unavailable' });
  });
});

describe('When the answer is not one of DynamoDB,', () => {
  const key = keyOf('anything');
  const operations = {
    get: (table: Table) => table.get(key),
    put: (table: Table) => table.put(key),
    set: (table: Table) => table.set(key, { note: 'x' }, [{ attribute: 'pk', test: 'present' }]),
    remove: (table: Table) => table.remove(key),
    query: (table: Table) => table.query('anything', ''),
    scan: (table: Table) => table.scan('ITEM'),
  };
  const names = Object.keys(operations) as (keyof typeof operations)[];
  const lastKey = '{"pk":{"S":"a"},"sk":{"S":"b"}}';

  const cases: [body: string, status: number, by: readonly (keyof typeof operations)[]][] = [
    ['', 204, names],
    ['', 200, names],
    ['""', 200, names],
    ['null', 200, names],
    ['[]', 200, names],
    ['0', 200, names],
    ['<!doctype html><title>Proxy</title>', 200, names],
    ['{"Item":{"pk":{"S":"x', 200, names],
    ['{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}', 200, names],
    ['{"message":"Service Unavailable"}', 200, names],
    ['{}', 201, names],
    ['{}', 404, names],
    ['{"Item":null}', 200, ['get', 'set', 'query', 'scan']],
    ['{"Item":{}}', 200, ['get', 'set', 'query', 'scan']],
    ['{"Item":[]}', 200, ['get']],
    ['{"Item":{"pk":"x"}}', 200, ['get']],
    ['{"Item":{"pk":{"N":"1"}}}', 200, ['get']],
    ['{"Item":{"pk":{"S":"x"},"count":{"N":"many"}}}', 200, ['get']],
    ['{"Attributes":{}}', 200, ['set']],
    ['{}', 200, ['set', 'query', 'scan']],
    ['{"Items":null}', 200, ['query', 'scan']],
    ['{"Items":{}}', 200, ['query', 'scan']],
    ['{"Items":[null]}', 200, ['query', 'scan']],
    ['{"Items":[{}]}', 200, ['query', 'scan']],
    ['{"Items":[],"LastEvaluatedKey":{}}', 200, ['query', 'scan']],
    ['{"Items":[],"LastEvaluatedKey":null}', 200, ['query', 'scan']],
    ['{"Items":[],"LastEvaluatedKey":""}', 200, ['query', 'scan']],
    [`{"Items":[],"LastEvaluatedKey":${lastKey}}`, 200, ['query', 'scan']],
  ];
  // In the normal run the operations take turns at what none of them may take for an answer.
  it.each(
    cases.flatMap(([body, status, by], turn) =>
      sampled(by, 2, turn).map((operation) => [operation, status, body] as const),
    ),
  )('%s fails by status %d with %j', async (operation, status, body) => {
    store.behave(garbage(body, status));
    await expect(operations[operation](openTable())).rejects.toMatchObject({ name: 'Unavailable' });
    expect(store.take().length).toBeLessThan(3);
  });
});

it('A query whose pages never end fails at the deadline of one call, however quick each page is', async () => {
  let pages = 0;
  store.behave((response) => {
    const body = `{"Items":[],"LastEvaluatedKey":{"pk":{"S":"a"},"sk":{"S":"${pages++}"}}}`;
    setTimeout(() => response.writeHead(200).end(body), 300);
  });
  const { result, waited } = await passTime(() =>
    openTable(store.endpoint, 1)
      .query('a', '')
      .catch((error) => error),
  );
  expect(result).toMatchObject({ name: 'Unavailable' });
  expect([waited >= 1_400, waited < 1_500, pages]).toEqual([true, true, 5]);
});

it('A slice without items is a fault if more is to come, because reading might never end', async () => {
  store.behave((response) => {
    response.writeHead(200).end('{"Items":[],"LastEvaluatedKey":{"pk":{"S":"a"},"sk":{"S":"b"}}}');
  });
  await expect(openTable(store.endpoint, 1).slice('a', { from: '', to: 'c' })).rejects.toThrow('unavailable');
});

describe('Connections that died while the container was frozen', () => {
  const KEPT = 5;
  /** At once, but not as many as there are connections. */
  const SEVERAL = 3;
  const KEY = keyOf('kept');
  const together = (table: Table, count: number) => Promise.all(Array.from({ length: count }, () => table.get(KEY)));

  /** A table, with its usual patience, whose connections were all used at once and are idle. */
  async function openIdle(): Promise<Table> {
    const table = openTable(network.endpoint, 1);
    store.behave(inFlightTogether(KEPT));
    await passTime(() => together(table, KEPT));
    store.behave();
    store.take();
    expect(network.count()).toEqual({ opened: KEPT, lost: 0 });
    return table;
  }

  beforeEach(() => openTable().put({ ...KEY, found: true }));

  describe.each<Death>(['reset', 'swallowed'])('when data on them is %s,', (death) => {
    it('cost one attempt, whatever their number', async () => {
      const table = await openIdle();
      network.die(death);
      const { result } = await passTime(() => table.get(KEY));
      expect(result).toEqual({ ...KEY, found: true });
      expect(network.count()).toEqual({ opened: 1, lost: 1 });
      expect(store.take()).toHaveLength(1);
    });

    it('cost each of several concurrent requests one attempt, and each gets its answer', async () => {
      const table = await openIdle();
      network.die(death);
      const { result } = await passTime(() => together(table, SEVERAL));
      expect(result).toEqual(Array(SEVERAL).fill({ ...KEY, found: true }));
      expect(network.count().lost).toBe(SEVERAL);
      expect(store.take()).toHaveLength(SEVERAL);
    });

    it('do not affect requests on other connections', async () => {
      const table = await openIdle();
      network.die(death);
      const { result } = await passTime(() => together(table, KEPT * 2));
      expect(result).toEqual(Array(KEPT * 2).fill({ ...KEY, found: true }));
      expect(network.count().lost).toBe(KEPT);
    });

    it('never let a write happen twice unnoticed', async () => {
      const table = await openIdle();
      network.die(death);
      const { result } = await passTime(() => table.set(KEY, { at: 1 }, [{ attribute: 'found', test: 'present' }]));
      expect(result).toMatchObject({ found: true, at: 1 });
      expect(store.take()).toHaveLength(1);
    });
  });

  it('do not stop live connections from being used again', async () => {
    const table = await openIdle();
    await together(table, KEPT);
    expect(network.count()).toEqual({ opened: 0, lost: 0 });
  });
});
