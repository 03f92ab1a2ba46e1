import { compose as composeBackchannel } from '../../functions/backchannel.ts';
import type { Clock } from '../../lib/clock.ts';
import { backchannel, RECEIVER_PAGE } from '../../lib/jobs/backchannel.ts';
import { createJobHandler } from '../../lib/jobs/job.ts';
import { queueDeliveries } from '../../lib/jobs/queue-deliveries.ts';
import type { Client } from '../../lib/oauth/client.ts';
import { createGrantId } from '../../lib/oauth/grant-id.ts';
import { createHandleSecret } from '../../lib/oauth/handle.ts';
import type { LogoutDelivery } from '../../lib/oauth/logout-delivery.ts';
import { issuerAsResource } from '../../lib/oauth/resource-server.ts';
import { rootOf } from '../../lib/oauth/session.ts';
import type { User } from '../../lib/oauth/user.ts';
import { joinSession } from '../../lib/revocation/end-session.ts';
import { createGrantStore } from '../../lib/store/grant.ts';
import { createLogoutDeliveryStore } from '../../lib/store/logout-delivery.ts';
import { createSessionStore } from '../../lib/store/session.ts';
import { createUserStore } from '../../lib/store/user.ts';
import { type CodeBinding, issueCode } from '../../lib/tokens/code.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { createAllHandles } from './grants.ts';
import { client, type Handlers, post, resourceServer, type Variables, type World } from './world.ts';

export const REDIRECT_URI = 'https://app.example/callback';
export const AFTER_LOGOUT = 'https://app.example/bye';

/** A client that people sign in to. */
export const app = (client_id: string, more: Partial<Client> = {}): Client =>
  client(client_id, {
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid profile email address phone offline_access read',
    redirect_uris: [REDIRECT_URI],
    post_logout_redirect_uris: [AFTER_LOGOUT],
    ...more,
  });

export const ALICE = {
  sub: 'alice-sub',
  username: 'alice',
  // Matches no password, as these tests do not sign in with one.
  password: { secret_id: 'none', hash: 'sha256$', created_at: 0 },
  claims: {
    name: 'Alice Adams',
    given_name: 'Alice',
    nickname: '',
    birthdate: null,
    email: 'alice@example.com',
    email_verified: true,
    address: { country: 'NL', locality: 'Utrecht' },
    phone_number: '+31301234567',
    // Claims that no scope covers.
    sub: 'somebody-else',
    salary: 100_000,
  },
  enabled: true,
  created_at: 0,
} as const satisfies User;

/** What a person granted; by default, that ALICE signed in with no session. */
export interface GrantOptions {
  readonly sub?: string;
  readonly scope?: string;
  readonly sid?: string;
  readonly claims?: object;
  /** Default: to the redirect URI, without PKCE. */
  readonly binding?: CodeBinding;
}

export interface SignedIn {
  readonly grant_id: string;
  readonly code: string;
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token: string;
}

/** Writes the items that the authorization endpoint would write, for tests of what comes afterwards. */
export function createSignIn({ env, table }: World, clock: Clock) {
  const issuer = env['ISSUER'] ?? '';
  const grants = createGrantStore(table);
  const sessions = createSessionStore(table);
  const users = createUserStore(table);
  const handles = createAllHandles(issuer, Buffer.from(env['HANDLE_KEYS'] ?? '', 'base64url'));
  const lifetimes = { codeLifetime: 60, refreshTokenLifetime: 86_400, refreshTokenIdleLifetime: 86_400 };
  const context = {
    ...lifetimes,
    defaultLifetime: 3_600,
    maxLifetime: 86_400,
    clock,
    grants,
    handles: { code: () => handles.code },
  };

  /** Makes a grant for a client. @returns its id and its code */
  async function giveCode(client: Client, options: GrantOptions = {}) {
    const { sub = ALICE.sub, scope = 'openid', sid, claims, binding = { redirect_uri: REDIRECT_URI } } = options;
    const { grant_id, secret } = createGrantId(sub);
    const session = sid === undefined ? undefined : await sessions.find(sid);
    const root_sid = client.end_grants_on_logout && session ? rootOf(session) : undefined;
    const [identifier] = client.resources;
    const code = await issueCode(
      {
        grant_id,
        client,
        sub,
        scope,
        resources: [identifier === undefined ? issuerAsResource(issuer) : resourceServer(identifier)],
        auth_time: clock(),
        amr: ['pwd'],
        ...(sid !== undefined && { sid }),
        ...(root_sid !== undefined && { root_sid }),
        ...(claims && { claims: JSON.stringify(claims) }),
      },
      secret,
      binding,
      context,
    );
    if (session) {
      const { expires_at } = (await grants.find(grant_id)) ?? {};
      await joinSession(session, client, root_sid === undefined ? undefined : expires_at, { sessions, clock });
    }
    return { grant_id, code };
  }

  return {
    grants,
    sessions,
    users,
    deliveries: createPendingDeliveries(env, table, clock),

    /** Begins a session. @returns its id and the cookie */
    async begin(sub: string = ALICE.sub, lifetime = 28_800) {
      const { id: sid, secret } = createHandleSecret('session');
      await sessions.put({ sid, root_sid: sid, sub, auth_time: clock(), amr: ['pwd'], expires_at: clock() + lifetime });
      const name = issuer.startsWith('https:') ? '__Host-latchkey' : 'latchkey';
      return { sid, cookie: `${name}=${handles.session.mint({ secret }).text}` };
    },

    giveCode,

    /** Makes a grant for a client, and redeems its code. */
    async give(handlers: Handlers, client: Client, options: GrantOptions = {}): Promise<SignedIn> {
      const { grant_id, code } = await giveCode(client, options);
      const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI };
      const { status, json } = await post(handlers.token, client.client_id, form);
      if (status !== 200) throw new Error(`no token: ${JSON.stringify(json)}`);
      return { grant_id, code, ...json } as unknown as SignedIn;
    },
  };
}

/** The queues of logout tokens. */
function createPendingDeliveries(env: Variables, table: World['table'], clock: Clock) {
  const store = createLogoutDeliveryStore(table);
  return {
    ...store,
    /** All, also those of sign-outs whose clients no job has looked for yet. */
    async list(): Promise<LogoutDelivery[]> {
      await queueDeliveries(composeBackchannel(createFoundationWithTable(env, clock)), {
        hasTime: () => true,
        onFault(error) {
          throw error;
        },
      });
      const { values: receivers } = await store.receivers(RECEIVER_PAGE);
      const queues = await Promise.all(receivers.map(({ client_id }) => table.query(`LOGOUT#${client_id}`, '0')));
      return queues.flat().map(({ pk, sk, ...delivery }) => delivery as unknown as LogoutDelivery);
    },
  };
}

/** The scheduled function that delivers logout tokens. */
export const createDeliverer = (env: Variables, clock: Clock) =>
  createJobHandler(backchannel, () => composeBackchannel(createFoundationWithTable(env, clock)));
