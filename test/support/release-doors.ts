// Presents what a release gave to clients, browsers and APIs to the endpoint that checks it, as they would.

import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { Clock } from '../../lib/clock.ts';
import { browserResult } from './browser.ts';
import { type Credentials, type Kind, postAs, type Shown, type Thing } from './fixture.ts';
import { createDeliverer } from './sign-in.ts';
import {
  authorizerEvents,
  createHandlers,
  type Handlers,
  httpEvent,
  type JsonResult,
  readResult,
  type Variables,
  verdict,
} from './world.ts';

/** The judgement of an endpoint. A fault is thrown instead. */
export type Judgement = 'valid' | 'refused';

const REFUSALS = [400, 401, 403];

function judge({ status, json }: JsonResult, isValid = status === 200): Judgement {
  if (isValid) return 'valid';
  if (status === 200 || REFUSALS.includes(status)) return 'refused';
  throw new Error(`${status} ${JSON.stringify(json)}`);
}

/** The judgement that all endpoints agree on. @throws Error when they disagree */
function unanimous(words: Readonly<Record<string, Judgement>>): Judgement {
  const [first, ...others] = new Set(Object.values(words));
  if (first === undefined || others.length > 0) throw new Error(`doors disagree: ${JSON.stringify(words)}`);
  return first;
}

export interface Doors {
  show(thing: Pick<Thing, 'kind' | 'shown'>): Promise<Judgement>;
  /** Revokes a token as its client. */
  revoke(token: Shown['access_token']): Promise<void>;
}

/** The endpoints of a deployment, each with a container of its own. */
export function openDoors(env: Variables, clock: Clock): Doors {
  const handlers = createHandlers(env, clock);
  const authorizers = new Map<string, Handlers['authorizer']>();
  const authorizerOf = (AUDIENCE: string) => {
    const known = authorizers.get(AUDIENCE) ?? createHandlers({ ...env, AUDIENCE }, clock).authorizer;
    authorizers.set(AUDIENCE, known);
    return known;
  };
  const token = (client: Credentials, form: Record<string, string>) => postAs(handlers.token, client, form);

  /** Verifies a JWT with the published key set, like a client. */
  async function verify(jwt: string, options: JWTVerifyOptions): Promise<Judgement> {
    const { status, json } = readResult(await handlers.jwks(httpEvent({ method: 'GET', path: '/jwks' })));
    if (status !== 200) throw new Error(`no key set: ${status}`);
    const keys = createLocalJWKSet(json as unknown as JSONWebKeySet);
    return jwtVerify(jwt, keys, {
      issuer: env['ISSUER'] ?? '',
      currentDate: new Date(clock() * 1000),
      ...options,
    }).then(
      () => 'valid',
      () => 'refused',
    );
  }

  const browse = async (
    path: '/authorize' | '/logout',
    query: string,
    cookie: string,
    form?: Record<string, string>,
  ) => {
    const origin = new URL(env['ISSUER'] ?? '').origin;
    const headers = form ? { origin, 'sec-fetch-site': 'same-origin' } : {};
    const method = form ? 'POST' : 'GET';
    const handle = path === '/logout' ? handlers.logout : handlers.authorization;
    const seen = browserResult(
      await handle(httpEvent({ method, path, query, headers, cookies: [cookie], ...(form && { form }) })),
    );
    if (seen.status >= 500) throw new Error(`${seen.status} ${seen.heading}`);
    return seen;
  };

  const shows: { [K in Kind]: (shown: Shown[K]) => Promise<Judgement> } = {
    async access_token({ text, resource, audience, openid }) {
      const introspected = await postAs(handlers.introspection, resource, { token: text });
      const decision = await verdict(authorizerOf(audience)(authorizerEvents['HTTP API 2.0'](text)));
      if (decision === 'fault') throw new Error('the authorizer cannot decide');
      const words = {
        introspection: judge(introspected, introspected.json['active'] === true),
        authorizer: decision === 'allow' ? 'valid' : 'refused',
      } as const;
      if (!openid) return unanimous(words);
      const headers = { authorization: `Bearer ${text}` };
      const userinfo = judge(readResult(await handlers.userinfo(httpEvent({ method: 'GET', headers }))));
      return unanimous({ ...words, userinfo });
    },

    refresh_token: async ({ text, client }) =>
      judge(await token(client, { grant_type: 'refresh_token', refresh_token: text })),

    code: async ({ text, client, redirect_uri, code_verifier }) =>
      judge(
        await token(client, {
          grant_type: 'authorization_code',
          code: text,
          redirect_uri,
          ...(code_verifier !== undefined && { code_verifier }),
        }),
      ),

    async id_token({ text, post_logout_redirect_uri }) {
      const query = new URLSearchParams({ id_token_hint: text, post_logout_redirect_uri });
      const { location } = await browse('/logout', String(query), '');
      const signedOut = location?.href === post_logout_redirect_uri ? 'valid' : 'refused';
      // A hint may have expired, but its signature must be valid.
      return unanimous({ '/logout': signedOut, 'key set': await verify(text, { currentDate: new Date(0) }) });
    },

    logout_token: ({ text, client_id }) => verify(text, { audience: client_id, typ: 'logout+jwt' }),

    async session({ cookie, query }) {
      const { answer, status } = await browse('/authorize', query, cookie);
      if (answer['code'] === undefined && answer['error'] === undefined) throw new Error(`no answer, but ${status}`);
      return answer['code'] === undefined ? 'refused' : 'valid';
    },

    async page({ path, cookie, query, form }) {
      const { answer, location } = await browse(path, query, cookie, form);
      const isDone = path === '/logout' ? location !== undefined : answer['code'] !== undefined;
      return isDone ? 'valid' : 'refused';
    },

    client_secret: async ({ client }) => judge(await token(client, { grant_type: 'client_credentials' })),

    resource_secret: async ({ resource }) => judge(await postAs(handlers.introspection, resource, { token: 'x' })),

    password: async ({ client, username, password }) =>
      judge(await token(client, { grant_type: 'password', username, password, scope: 'openid' })),

    async delivery({ uri }) {
      const sent: string[] = [];
      const { fetch } = globalThis;
      globalThis.fetch = async (to, init) => {
        if (to !== uri || !(init?.body instanceof URLSearchParams)) return fetch(to, init);
        sent.push(init.body.get('logout_token') ?? '');
        return new Response();
      };
      await createDeliverer(env, clock)().finally(() => {
        globalThis.fetch = fetch;
      });
      const [first] = sent;
      return first === undefined ? 'refused' : verify(first, { typ: 'logout+jwt' });
    },
  };

  return {
    show: ({ kind, shown }) => (shows[kind] as (shown: Thing['shown']) => Promise<Judgement>)(shown),
    async revoke({ text, client }) {
      const { status } = await postAs(handlers.revocation, client, { token: text });
      if (status !== 200) throw new Error(`not revoked: ${status}`);
    },
  };
}
