// The world of a release, as saved under test/fixtures: the form of the files, and how to fill a table from them.
import { type AttributeValue, BatchWriteItemCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { SavedKeys } from '../../infra/local/kms/key-ring.ts';
import type { ProxyEvent, ProxyResult } from '../../lib/http/proxy-event.ts';
import { basic, httpEvent, type JsonResult, readResult, type Variables } from './world.ts';

/** The credentials of a client or resource server. */
export interface Credentials {
  readonly id: string;
  readonly method: 'basic' | 'post' | 'none';
  readonly secret?: string;
}

/** What must be presented to check each kind of thing that a release gives to clients, browsers and APIs. */
export interface Shown {
  access_token: {
    readonly text: string;
    /** The resource server that introspects the token. */
    readonly resource: Credentials;
    readonly client: Credentials;
    readonly audience: string;
    /** Whether the userinfo endpoint accepts the token. */
    readonly openid: boolean;
  };
  refresh_token: { readonly text: string; readonly client: Credentials };
  code: {
    readonly text: string;
    readonly client: Credentials;
    readonly redirect_uri: string;
    readonly code_verifier?: string;
  };
  /** Presented as the `id_token_hint` of a sign-out. */
  id_token: { readonly text: string; readonly post_logout_redirect_uri: string };
  /** Verified by the client that received it. */
  logout_token: { readonly text: string; readonly client_id: string };
  /** A cookie, presented with an authorization request with `prompt=none`. */
  session: { readonly cookie: string; readonly query: string };
  /** An open page of the service, and the form that the user sends from it. */
  page: {
    readonly path: '/authorize' | '/logout';
    readonly cookie: string;
    readonly query: string;
    readonly form: Record<string, string>;
  };
  client_secret: { readonly client: Credentials };
  resource_secret: { readonly resource: Credentials };
  password: { readonly client: Credentials; readonly username: string; readonly password: string };
  /** A logout token that is still to be delivered. */
  delivery: { readonly uri: string };
}

export type Kind = keyof Shown;

export type Thing = {
  readonly [K in Kind]: {
    /** A unique description. */
    readonly name: string;
    readonly kind: K;
    readonly shown: Shown[K];
    /** Seconds since the epoch at which it expires. Absent = it does not expire. */
    readonly until?: number;
    /** Why it must be refused; absent = it is valid. */
    readonly refused?: string;
  };
}[Kind];

export interface Fixture {
  /** Seconds since the epoch: the end of the recording, and the time at which everything is presented. */
  readonly made_at: number;
  /** The variables of every function, without the endpoints of table and KMS. */
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
    // No timeout, because a busy machine is slow.
    requestHandler: { requestTimeout: 0 },
  });

/** Reads every item of a table, sorted by key. */
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

/** Posts a form with credentials. */
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
