// The world of a release as it is kept under test/fixtures: what the files hold, and how a table is filled with it again.
import { type AttributeValue, BatchWriteItemCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { SavedKeys } from '../../infra/local/kms/key-ring.ts';
import type { ProxyEvent, ProxyResult } from '../../lib/http/proxy-event.ts';
import { basic, httpEvent, type JsonResult, readResult, type Variables } from './world.ts';

/** How somebody authenticates, and by what. */
export interface Credentials {
  readonly id: string;
  readonly method: 'basic' | 'post' | 'none';
  readonly secret?: string;
}

/** What is shown to a door, of each kind of thing that a release gives away. */
export interface Shown {
  access_token: {
    readonly text: string;
    /** Who introspects it. */
    readonly resource: Credentials;
    readonly client: Credentials;
    readonly audience: string;
    /** Whether the userinfo endpoint takes it. */
    readonly openid: boolean;
  };
  refresh_token: { readonly text: string; readonly client: Credentials };
  code: {
    readonly text: string;
    readonly client: Credentials;
    readonly redirect_uri: string;
    readonly code_verifier?: string;
  };
  /** As the `id_token_hint` of a sign-out. */
  id_token: { readonly text: string; readonly post_logout_redirect_uri: string };
  /** By a client that was sent it. */
  logout_token: { readonly text: string; readonly client_id: string };
  /** A cookie, which answers a request of `prompt=none`. */
  session: { readonly cookie: string; readonly query: string };
  /** A page of ours that is open in a browser, and what the person presses next. */
  page: {
    readonly path: '/authorize' | '/logout';
    readonly cookie: string;
    readonly query: string;
    readonly form: Record<string, string>;
  };
  client_secret: { readonly client: Credentials };
  resource_secret: { readonly resource: Credentials };
  password: { readonly client: Credentials; readonly username: string; readonly password: string };
  /** A logout token that a client is still to be told. */
  delivery: { readonly uri: string };
}

export type Kind = keyof Shown;

export type Thing = {
  readonly [K in Kind]: {
    /** In plain words, and unlike that of any other. */
    readonly name: string;
    readonly kind: K;
    readonly shown: Shown[K];
    /** Seconds since the epoch: refused from then on. Absent = it does not expire. */
    readonly until?: number;
    /** Why it is refused; absent = it is valid. */
    readonly refused?: string;
  };
}[Kind];

export interface Fixture {
  /** Seconds since the epoch: all was made and done before, and everything is shown at this time. */
  readonly made_at: number;
  /** Of every function; where the table and KMS are is not among them. */
  readonly variables: Variables;
  /** The state of the stand-in for KMS. */
  readonly kms?: SavedKeys;
  readonly things: readonly Thing[];
  readonly table: readonly Record<string, AttributeValue>[];
}

type TablePlace = { readonly endpoint: string; readonly tableName: string };

const connect = (endpoint: string) =>
  new DynamoDBClient({
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    // No deadline: a busy machine is slow.
    requestHandler: { requestTimeout: 0 },
  });

/** Every item of a table, in the order of its keys. */
export async function dumpTable({ endpoint, tableName: TableName }: TablePlace): Promise<Fixture['table']> {
  const { Items = [], LastEvaluatedKey } = await connect(endpoint).send(new ScanCommand({ TableName }));
  if (LastEvaluatedKey) throw new Error('more than a page');
  const keyOf = ({ pk, sk }: Record<string, AttributeValue>) => `${pk?.S} ${sk?.S}`;
  return Items.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}

export async function fillTable({ endpoint, tableName }: TablePlace, items: Fixture['table']): Promise<void> {
  const client = connect(endpoint);
  for (let at = 0; at < items.length; at += 25) {
    const requests = items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }));
    const { UnprocessedItems } = await client.send(
      new BatchWriteItemCommand({ RequestItems: { [tableName]: requests } }),
    );
    if (Object.keys(UnprocessedItems ?? {}).length > 0) throw new Error('the table did not take all items');
  }
}

/** Posts a form as somebody who authenticates. */
export async function postAs(
  handler: (event: ProxyEvent) => Promise<ProxyResult>,
  { id, method, secret = '' }: Credentials,
  form: Record<string, string>,
): Promise<JsonResult> {
  if (method === 'basic') {
    return readResult(await handler(httpEvent({ headers: { authorization: basic(id, secret) }, form })));
  }
  const named = { ...form, client_id: id, ...(method === 'post' && { client_secret: secret }) };
  return readResult(await handler(httpEvent({ form: named })));
}
