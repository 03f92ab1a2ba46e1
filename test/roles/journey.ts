// Uses everything that the functions of a deployment can do: every grant type and token format, sign-in with all its outcomes,
// and every way to end a token, a grant or a session. This is about the requests to table and KMS; other tests check the
// answers. Each step must still succeed, because a step that fails makes no further requests.
import { decodeJwt } from 'jose';
import type { Client } from '../../lib/oauth/client.ts';
import { importSecret } from '../../lib/secrets/secret.ts';
import { createClientStore } from '../../lib/store/client.ts';
import { createResourceServerStore } from '../../lib/store/resource-server.ts';
import { createSessionStore } from '../../lib/store/session.ts';
import type { Table } from '../../lib/store/table.ts';
import { createUserStore } from '../../lib/store/user.ts';
import {
  browserResult,
  CALLBACK,
  openBrowser,
  PASSWORD,
  proper,
  type Query,
  user,
  VERIFIER,
  webClient,
} from '../support/browser.ts';
import {
  authorizerEvents,
  basic,
  client,
  type createTestClock,
  DECRYPTION_KEYS,
  encryptionJwk,
  type Handlers,
  httpEvent,
  ISSUER,
  MACHINES,
  machines,
  post,
  resourceServer,
  verdict,
} from '../support/world.ts';
import type { Deployment } from './deployment.ts';

const SCOPE = 'openid profile offline_access read';
const DAY = 86_400;

type Clock = ReturnType<typeof createTestClock>;
type Tokens = Readonly<Record<string, string>>;

/** @throws Error at the first step with an unexpected answer */
export async function useEverything(deployment: Deployment, clock: Clock): Promise<void> {
  await seed(deployment);
  const handlers = deployment.start();
  // As at the end of `serverless deploy`: from then on keys are published, although nothing is signed yet.
  await deployment.rotate?.();
  await publish(handlers);
  await useMachines(handlers, deployment);
  await useChosenSecret(deployment);
  await publish(handlers);
  await usePasswords(handlers);
  await useBrowser(handlers, clock);
  await endSessions(handlers, deployment, clock);
  if (!deployment.rotate) return;
  // Within the days for which a signature of the registry is believed.
  clock.advance(6 * DAY);
  await deployment.rotate();
}

function expectStatus(what: string, actual: number, wanted: number, answer: unknown = ''): void {
  if (actual !== wanted) throw new Error(`${what}: ${actual}, not ${wanted} ${JSON.stringify(answer)}`);
}

/** Creates records, as an administrator. The second key signs the tokens for the resource server `second`. */
async function seed(deployment: Deployment): Promise<void> {
  const clients = createClientStore(deployment.table);
  const resourceServers = createResourceServerStore(deployment.table);
  const users = createUserStore(deployment.table);
  const alg = deployment.secondAlgorithm;
  for (const id of ['orders', 'billing'] as const) {
    const access_token_encryption_jwk = encryptionJwk(DECRYPTION_KEYS[id]);
    await resourceServers.create(resourceServer(id, { access_token_encryption_jwk }));
  }
  await resourceServers.create(resourceServer('second-api', { access_token_signing_alg: alg }));
  for (const id of MACHINES) await clients.create(client(id, { access_token_format: machines[id] }));
  const web: Record<string, Partial<Client>> = {
    web: { end_grants_on_logout: true, backchannel_logout_uri: 'https://127.0.0.1:9/' },
    references: { access_token_format: 'reference', response_types: ['code', 'code token', 'id_token token'] },
    second: {
      resources: ['second-api'],
      id_token_signed_response_alg: alg,
      response_types: ['code', 'code id_token token'],
      backchannel_logout_uri: 'https://127.0.0.1:9/',
    },
    legacy: { grant_types: ['password', 'refresh_token'] },
  };
  for (const [id, more] of Object.entries(web)) await clients.create(webClient(id, more));
  await clients.create(client('chosen', { secrets: [await importSecret(PASSWORD, 0)] }));
  for (const username of ['alice', 'bob']) {
    const person = user(username);
    await users.reserveName(username, person.sub);
    await users.create(person);
  }
}

async function publish(handlers: Handlers): Promise<void> {
  for (const document of [handlers.jwks, handlers.discovery, handlers.health]) {
    const { statusCode, body } = await document(
      httpEvent({ method: 'GET', path: '/.well-known/openid-configuration' }),
    );
    expectStatus('a published document', statusCode, 200, body);
  }
  await handlers.whoami(httpEvent({ method: 'GET', path: '/whoami' }));
}

/** Presents a token of each format to every endpoint that accepts tokens. */
async function useMachines(handlers: Handlers, deployment: Deployment): Promise<void> {
  for (const id of MACHINES) {
    const { status, json } = await post(handlers.token, id, { grant_type: 'client_credentials', resource: 'orders' });
    expectStatus(`token of ${id}`, status, 200, json);
    const token = String(json['access_token']);
    expectVerdict(
      `token of ${id}`,
      await verdict(handlers.authorizer(authorizerEvents['HTTP API 2.0'](token))),
      'allow',
    );
    const introspected = await post(handlers.introspection, 'orders', { token });
    if (introspected.json['active'] !== true) {
      throw new Error(`introspection of ${id}: ${JSON.stringify(introspected.json)}`);
    }
    // Twice, because revoking a revoked token makes other requests.
    for (let times = 0; times < 2; times++) {
      const { status: revoked, json: why } = await post(handlers.revocation, id, { token });
      expectStatus(`revocation by ${id}`, revoked, 200, why);
    }
    const { authorizer } = deployment.start();
    expectVerdict(`revoked ${id}`, await verdict(authorizer(authorizerEvents['HTTP API 2.0'](token))), 'refuse');
  }
}

function expectVerdict(what: string, actual: string, wanted: string): void {
  if (actual !== wanted) throw new Error(`${what}: ${actual}, not ${wanted}`);
}

/** A wrong secret is counted. A right one is remembered, and known to a new container. */
async function useChosenSecret(deployment: Deployment): Promise<void> {
  for (const name of ['introspection', 'revocation', 'token'] as const) {
    for (const [secret, wanted] of [
      ['wrong', 401],
      [PASSWORD, 200],
    ] as const) {
      const request = {
        headers: { authorization: basic('chosen', secret) },
        form: { grant_type: 'client_credentials', token: 'x' },
      };
      const { statusCode, body } = await deployment.start()[name](httpEvent(request));
      expectStatus(`${name} with a chosen secret`, statusCode, wanted, body);
    }
  }
}

/** A wrong password is counted; the right password clears the count. */
async function usePasswords({ token }: Handlers): Promise<void> {
  for (const [password, wanted] of [
    ['wrong', 400],
    [PASSWORD, 200],
  ] as const) {
    const form = { grant_type: 'password', username: 'alice', password, scope: SCOPE, resource: 'orders' };
    const { status, json } = await post(token, 'legacy', form);
    expectStatus(`password ${wanted}`, status, wanted, json);
  }
}

async function useBrowser(handlers: Handlers, clock: Clock): Promise<void> {
  const { signIn, refresh, redeem, browser } = visitor(handlers);
  for (const client_id of ['web', 'references', 'second']) {
    const tokens = await signIn(client_id);
    const userinfo = await handlers.userinfo(
      httpEvent({ method: 'GET', headers: { authorization: `Bearer ${tokens['access_token']}` } }),
    );
    expectStatus(`userinfo for ${client_id}`, userinfo.statusCode, 200, userinfo.body);
    const introspected = await post(handlers.introspection, client_id, { token: tokens['refresh_token'] ?? '' });
    if (introspected.json['active'] !== true) throw new Error(`refresh token: ${JSON.stringify(introspected.json)}`);
    expectStatus('refresh', (await refresh(client_id, tokens)).status, 200);
    // Reuse of a refresh token revokes the grant. The code is then refused because the grant is already revoked.
    clock.advance(60);
    expectStatus('refresh again', (await refresh(client_id, tokens)).status, 400);
    expectStatus('code again', (await redeem(client_id, tokens['code'])).status, 400);

    const others = await signIn(client_id, { prompt: 'login', id_token_hint: tokens['id_token'] ?? '' });
    for (const name of ['access_token', 'access_token', 'refresh_token', 'refresh_token']) {
      await post(handlers.revocation, client_id, { token: others[name] ?? '' });
    }
  }
  const wrong = await browser.get(proper({ client_id: 'web', prompt: 'login' }));
  await browser.signIn(wrong, 'alice', 'wrong');
  for (const [client_id, response_type] of [
    ['references', 'code token'],
    ['references', 'id_token token'],
    ['second', 'code id_token token'],
  ] as const) {
    const { answer } = await browser.pass(proper({ client_id, scope: SCOPE, response_type, prompt: 'consent' }));
    if (!answer['access_token']) throw new Error(`no token for ${client_id}: ${JSON.stringify(answer)}`);
  }

  const twice = await signIn('web');
  await refresh('web', twice);
  clock.advance(60);
  expectStatus('refresh again', (await refresh('web', twice)).status, 400);

  const ended = await signIn('web', { prompt: 'login' });
  await post(handlers.revocation, 'web', { token: ended['refresh_token'] ?? '' });
}

/** Ends sessions in every way: another user signs in, or the user signs out, with and without confirmation. */
async function endSessions(handlers: Handlers, deployment: Deployment, clock: Clock): Promise<void> {
  const { signIn, browser } = visitor(handlers);
  // Also with grants that were revoked before their session ends.
  const revoke = ({ refresh_token = '' }: Tokens) => post(handlers.revocation, 'web', { token: refresh_token });
  const ofAlice = await signIn('web');
  await signIn('second');
  await revoke(await signIn('web'));
  await makeOld(deployment.table, ofAlice);
  await signIn('web', { prompt: 'login' }, 'bob');
  const ofBob = await signIn('web', {}, 'bob');
  await revoke(await signIn('web', {}, 'bob'));
  await makeOld(deployment.table, ofBob);

  const { cookies } = browser;
  // The hint names another user than the one who is signed in, so the sign-out must be confirmed.
  const query = `id_token_hint=${ofAlice['id_token']}`;
  const sessions = createSessionStore(deployment.table);
  const session = (await sessions.find(String(decodeJwt(ofBob['id_token'] ?? '')['sid'])))!;
  // Twice, as after a lost answer: the epoch of the session is then there already, and is read.
  for (let times = 0; times < 2; times++) {
    await sessions.put(session);
    const page = browserResult(await handlers.logout(httpEvent({ method: 'GET', path: '/logout', query, cookies })));
    const headers = { origin: ISSUER, 'sec-fetch-site': 'same-origin' };
    const form = { ...page.fields, action: 'sign_out' };
    const done = await handlers.logout(httpEvent({ path: '/logout', query, cookies, headers, form }));
    expectStatus('sign-out', done.statusCode, 200, done.body);
  }

  const delivery = {
    sid: 'old',
    sub: 'bob',
    client_id: 'web',
    attempts: 0,
    due_at: clock.clock(),
    expires_at: 2 ** 32,
  };
  await deployment.table.put({ pk: 'LOGOUT', sk: 'old#web', ...delivery });
  await deployment.deliver();
  // Disabled clients are not notified, so their deliveries are dropped.
  const clients = createClientStore(deployment.table);
  for (const id of ['web', 'second']) await clients.replace({ ...(await clients.find(id))!, enabled: false }, 1);
  clock.advance(3_600);
  await deployment.deliver();
}

/** Makes the session in which tokens were given one of version 0.1.0, which had an item for each grant. */
async function makeOld(table: Table, { id_token = '' }: Tokens): Promise<void> {
  const sessions = createSessionStore(table);
  const sid = String(decodeJwt(id_token)['sid']);
  const { root_sid: _, ...session } = (await sessions.find(sid))!;
  await sessions.put(session);
  const { expires_at } = session;
  for (const grant of await table.scan('GRANT')) {
    if (grant['sid'] !== sid) continue;
    const [grant_id, client_id] = [String(grant['grant_id']), String(grant['client_id'])];
    await sessions.putOldGrant(sid, { grant_id, client_id, sid, expires_at });
  }
}

/** A browser, and what clients do with its authorization responses. */
function visitor(handlers: Handlers) {
  const browser = openBrowser(handlers.authorization);
  const redeem = (client_id: string, code = '') =>
    post(handlers.token, client_id, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: CALLBACK,
      code_verifier: VERIFIER,
    });
  return {
    browser,
    redeem,
    refresh: (client_id: string, { refresh_token = '' }: Tokens) =>
      post(handlers.token, client_id, { grant_type: 'refresh_token', refresh_token }),
    async signIn(client_id: string, more: Query = {}, username = 'alice'): Promise<Tokens> {
      const seen = await browser.pass(proper({ client_id, scope: SCOPE, ...more }), username);
      const { code } = seen.answer;
      const { status, json } = await redeem(client_id, code);
      expectStatus(`sign-in to ${client_id}`, status, 200, { ...json, ...seen });
      return { ...(json as Tokens), code: code ?? '' };
    },
  };
}
