import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { compose as composeAuthorization } from '../../functions/authorization.ts';
import { systemClock } from '../../lib/clock.ts';
import { authorization } from '../../lib/endpoints/authorization.ts';
import type { ProxyEvent } from '../../lib/http/proxy-event.ts';
import { serve } from '../../lib/http/serve.ts';
import { createHandleSecret } from '../../lib/oauth/handle.ts';
import { createHandleKey } from '../../lib/oauth/handle-key.ts';
import { createRevocationList } from '../../lib/revocation/list.ts';
import { cacheLookup } from '../../lib/store/cached-lookup.ts';
import { createConsentStore } from '../../lib/store/consent.ts';
import { createEpochStore } from '../../lib/store/epoch.ts';
import { createGrantStore } from '../../lib/store/grant.ts';
import { createLogoutDeliveryStore } from '../../lib/store/logout-delivery.ts';
import { createReferenceTokenStore } from '../../lib/store/reference-token.ts';
import { createRevocationStore } from '../../lib/store/revocation.ts';
import { createSessionStore } from '../../lib/store/session.ts';
import type { Table } from '../../lib/store/table.ts';
import { createUserStore } from '../../lib/store/user.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { CALLBACK, proper, queryOf, user } from '../support/browser.ts';
import { handlesOf } from '../support/grants.ts';
import { httpEvent, type Variables } from '../support/world.ts';
import { APPS, createEvents, HEADERS, ORDERS, variables } from './deployment.ts';
import type { Figure } from './figure.ts';
import { against, type Effort, interleave } from './measure.ts';
import { createMemoryTable } from './memory-table.ts';

const FLOOR = 'parse + checks + 2 x MAC + redirect';
const NAME = 'authorize, code (session, consent remembered)';
const COOKIE = '__Host-latchkey=';
const CLIENT = { ...APPS.find(({ client_id }) => client_id === 'web-jwt')!, redirect_uris: [CALLBACK] };
const ALICE = user('alice');

/** The whole handler of GET /authorize, event in, redirect out, for who comes back to a client that is cached. */
export async function measure(effort: Effort): Promise<Figure[]> {
  const env = variables('ES256');
  const table = createMemoryTable();
  const cookie = await signIn(env, table);
  // Grants that are given while it is timed are put nowhere.
  const comeBack = createHandler(env, { ...table, put: async () => true });
  const query = queryOf(proper({ client_id: CLIENT.client_id, scope: 'openid profile read', resource: 'orders' }));
  const events = createEvents([
    httpEvent({ method: 'GET', path: '/authorize', query, headers: HEADERS, cookies: [cookie] }) as ProxyEvent,
  ]);
  const least = floor(env);
  events.prepare(1);
  for (const handler of [comeBack, least]) {
    const { statusCode, headers } = await handler(events.at(0));
    if (!headers['location']?.startsWith(`${CALLBACK}?code=lk_ac_`)) throw new Error(`answered ${statusCode}`);
  }

  const rounds = await interleave(
    {
      [FLOOR]: { prepare: events.prepare, call: (index) => least(events.at(index)) },
      [NAME]: { prepare: events.prepare, call: (index) => comeBack(events.at(index)) },
    },
    effort,
  );
  return [against(rounds, NAME, FLOOR)];
}

/** What a first visit leaves in the table; gives the cookie. */
async function signIn(env: Variables, table: Table): Promise<string> {
  const { sub } = ALICE;
  const now = systemClock();
  const { id: sid, secret } = createHandleSecret('session');
  const access = { scope: ['openid', 'profile', 'read'], resources: ['orders'] };
  await createUserStore(table).create(ALICE);
  await createSessionStore(table).put({ sid, sub, auth_time: now, amr: ['pwd'], expires_at: now + 28_800 });
  await createConsentStore(table).replace({ sub, client_id: CLIENT.client_id, ...access, given_at: now }, undefined);
  return COOKIE + handlesOf({ env }).session.mint({ secret }).text;
}

/** As composed for Lambda, but on a table in this process and with everything about clients cached. */
const createHandler = (env: Variables, table: Table) =>
  serve(authorization, () => ({
    ...composeAuthorization(createFoundationWithTable(env)),
    referenceTokens: createReferenceTokenStore(table),
    grants: createGrantStore(table),
    epochs: createEpochStore(table),
    revocations: createRevocationList(createRevocationStore(table), systemClock),
    findUser: createUserStore(table).find,
    sessions: createSessionStore(table),
    consents: createConsentStore(table),
    deliveries: createLogoutDeliveryStore(table),
    findClient: cacheLookup(async () => CLIENT, 3600, systemClock),
    findResourceServer: cacheLookup(async () => ORDERS, 3600, systemClock),
  }));

/**
 * The least that it can do: reads the query and the cookie, verifies the MAC of the session's handle, compares what the
 * request is refused for, mints a code of a random id, and writes the redirect. It asks no table, and knows no error.
 */
function floor(env: Variables) {
  const secret = Buffer.from(env['HANDLE_KEYS']!, 'base64url');
  const issuer = env['ISSUER']!;
  const keys = new Map(['session', 'code'].map((kind) => [kind, createHandleKey(secret, issuer, kind).key]));
  const mac = (kind: string, content: Buffer) =>
    createHmac('sha256', keys.get(kind)!).update(`${kind}\0${issuer}\0`).update(content).digest().subarray(0, 16);
  const isSession = (handle: string) => {
    const bytes = Buffer.from(handle.slice('lk_ss_'.length), 'base64url');
    return timingSafeEqual(mac('session', bytes.subarray(0, -16)), bytes.subarray(-16));
  };
  return async (event: ProxyEvent) => {
    const { rawQueryString, cookies } = event as unknown as { rawQueryString: string; cookies: string[] };
    const query = new URLSearchParams(rawQueryString);
    const cookie = cookies.find((one) => one.startsWith(COOKIE)) ?? '';
    const redirect_uri = query.get('redirect_uri') ?? '';
    const isProper =
      isSession(cookie.slice(COOKIE.length)) &&
      query.get('client_id') === CLIENT.client_id &&
      CLIENT.redirect_uris.includes(redirect_uri) &&
      query.get('response_type') === 'code' &&
      query.get('code_challenge_method') === 'S256' &&
      query.get('code_challenge')?.length === 43 &&
      query.get('resource') === ORDERS.identifier &&
      query
        .get('scope')
        ?.split(' ')
        .every((scope) => CLIENT.scope.includes(scope));
    if (!isProper) throw new Error('the floor is broken');
    const content = randomBytes(30);
    const code = `lk_ac_${Buffer.concat([content, mac('code', content)]).toString('base64url')}`;
    const answer = new URLSearchParams({ code, state: query.get('state') ?? '', iss: issuer });
    return {
      statusCode: 303,
      headers: { location: `${redirect_uri}?${answer}`, 'cache-control': 'no-store' } as Record<string, string>,
      body: '',
    };
  };
}
