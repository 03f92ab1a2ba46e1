// What tokens say of users, clients and APIs: groups and roles, claims of the sign-in, those that an API is registered for, and hooks.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compose as composeToken } from '../../functions/token.ts';
import { compose as composeUserinfo } from '../../functions/userinfo.ts';
import { token } from '../../lib/endpoints/token.ts';
import { userinfo } from '../../lib/endpoints/userinfo.ts';
import type { Extensions } from '../../lib/extensions.ts';
import { serve } from '../../lib/http/serve.ts';
import { reservedClaims } from '../../lib/oauth/access-token.ts';
import { MAX_MEMBERSHIP_LENGTH, MAX_MEMBERSHIPS } from '../../lib/oauth/membership.ts';
import { createUserStore } from '../../lib/store/user.ts';
import { describeSubject } from '../../lib/users/subject.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { app, type CodeOptions, newCode, payloadOf, redeem, tokensOf } from '../support/grants.ts';
import {
  authorizerEvents,
  client,
  createTestClock,
  DECRYPTION_KEYS,
  encryptionJwk,
  getToken,
  type Handlers,
  httpEvent,
  ISSUER,
  MACHINES,
  machines,
  post,
  readResult,
  resourceServer,
  startWorld,
  type World,
} from '../support/world.ts';

const { clock } = createTestClock();
const NOW = clock();
const GROUPS = ['staff', 'Domain Admins', 'Zürich 🦊'];
const ROLES = ['editor'];
const SCOPE = 'openid groups roles read';
const SHARED = `${ISSUER}/resources`;

let world: World;

beforeAll(async () => {
  world = await startWorld({}, clock);
  const mine = { scope: 'openid profile email groups roles offline_access read write' };
  const users = createUserStore(world.table);
  const password = { secret_id: 'none', hash: 'sha256$', created_at: 0 };
  const claims = { name: 'Alice', email: 'alice@example.com', groups: GROUPS, roles: ROLES };
  const jwk = { access_token_encryption_jwk: encryptionJwk(DECRYPTION_KEYS.orders) };
  const names = { groups_claim: 'cognito:groups', roles_claim: 'https://example.com/roles' };
  await Promise.all([
    users.create({ sub: 'alice', username: 'alice', password, claims, enabled: true, created_at: 0 }),
    users.create({
      sub: 'plain',
      username: 'plain',
      password,
      claims: { name: 'Bob', groups: [] },
      enabled: true,
      created_at: 0,
    }),
    users.create({ sub: 'odd', username: 'odd', password, claims: { groups: 'staff' }, enabled: true, created_at: 0 }),
    users.create({ sub: 'gone', username: 'gone', password, claims, enabled: false, created_at: 0 }),
    world.resourceServers.create(resourceServer('named', { ...names, ...jwk })),
    world.resourceServers.create(
      resourceServer('migrated', {
        access_token_nbf: true,
        access_token_scope_list: true,
        access_token_static_audience: SHARED,
        ...jwk,
      }),
    ),
    world.resourceServers.create(resourceServer('crossed', { groups_claim: 'roles', roles_claim: 'duties' })),
    world.resourceServers.create(
      resourceServer('second', { access_token_scope_list: true, access_token_static_audience: SHARED }),
    ),
    ...MACHINES.flatMap((id) => {
      const [suffix, access_token_format] = [id.replace('machine', ''), machines[id]];
      const resources = ['orders', 'billing', 'named', 'migrated', 'second', 'crossed'];
      return [
        world.clients.create(app(`web${suffix}`, { ...mine, access_token_format, resources })),
        world.clients.create(
          client(`job${suffix}`, {
            scope: 'read write groups roles',
            access_token_format,
            resources,
            groups: ['jobs'],
            roles: ['exporter', 'importer'],
          }),
        ),
      ];
    }),
    world.clients.create(app('eager', { ...mine, user_claims_in_id_token: true })),
    world.clients.create(app('modest')),
  ]);
});
afterAll(() => world.stop());

/** A container whose deployment has these hooks. */
const withHooks = (extensions: Partial<Extensions>): Pick<Handlers, 'token' | 'userinfo'> => {
  const base = composeToken(createFoundationWithTable(world.env, clock));
  const { find: findUser } = createUserStore(world.table);
  return {
    token: serve(token, () => ({
      ...base,
      extensions,
      describeSubject: (grant) => describeSubject(grant, { extensions, findUser }),
    })),
    userinfo: serve(userinfo, () => ({
      ...composeUserinfo(createFoundationWithTable(world.env, clock)),
      extensions,
    })),
  };
};

async function signIn(id: string, options: CodeOptions = {}, handlers: Pick<Handlers, 'token'> = world.handlers) {
  const { code } = await newCode(world, id, { clock, sub: 'alice', scope: SCOPE, ...options });
  return tokensOf(await redeem(handlers, id, code));
}

const introspect = async (access_token: string, api = 'orders') =>
  (await post(world.handlers.introspection, api, { token: access_token })).json;

/** The authorizer's context. */
async function contextOf(access_token: string, variables: Record<string, string> = {}) {
  const { authorizer } = world.restart(variables);
  return (await authorizer(authorizerEvents['HTTP API 2.0'](access_token))) as {
    isAuthorized: boolean;
    context?: object;
  };
}

const ask = async (handlers: Pick<Handlers, 'userinfo'>, access_token: string) => {
  const headers = { authorization: `Bearer ${access_token}` };
  return readResult(await handlers.userinfo(httpEvent({ method: 'GET', path: '/userinfo', headers })));
};

describe.each(MACHINES)('Groups and roles in tokens of the format of %s', (machine) => {
  const suffix = machine.replace('machine', '');

  it('are those of the user, and reach the API by introspection and by the authorizer', async () => {
    const { access_token, id_token } = await signIn(`web${suffix}`);
    expect(await introspect(access_token)).toMatchObject({ sub: 'alice', groups: GROUPS, roles: ROLES });
    const { context } = await contextOf(access_token);
    const { groups, roles } = context as { groups: string; roles: string };
    expect([JSON.parse(groups), JSON.parse(roles)]).toEqual([GROUPS, ROLES]);
    // The gateway may put it into a header.
    expect(groups).toMatch(/^[\x20-\x7e]+$/);
    expect(payloadOf(id_token)).toMatchObject({ groups: GROUPS, roles: ROLES });
  });

  it('are those of a client that acts for itself, on request', async () => {
    const asked = await getToken(world.handlers, `job${suffix}`, { scope: 'read groups roles' });
    const expected = { scope: 'read groups roles', groups: ['jobs'], roles: ['exporter', 'importer'] };
    expect(await introspect(asked)).toMatchObject(expected);
    const unasked = await introspect(await getToken(world.handlers, `job${suffix}`));
    expect(unasked).toMatchObject({ active: true, scope: 'read write' });
    for (const name of ['groups', 'roles', 'auth_time', 'acr', 'amr']) expect(unasked).not.toHaveProperty(name);
  });
});

describe('Groups and roles', () => {
  it.each<[what: string, id: string, CodeOptions, expected: object]>([
    ['by scope', 'web-jwt', { scope: 'openid groups' }, { groups: GROUPS }],
    ['none without the scope', 'web-jwt', { scope: 'openid profile read' }, {}],
    ['none of a client that may not have the scope', 'modest', { scope: SCOPE }, {}],
    ['none of a user without any', 'web-jwt', { sub: 'plain' }, {}],
    ['none of a disabled user', 'web-jwt', { sub: 'gone' }, {}],
    ['none of an unknown user', 'web-jwt', { sub: 'nobody' }, {}],
  ])('are in access token, ID token and userinfo %s', async (_, id, options, expected) => {
    const { access_token, id_token } = await signIn(id, options);
    const { groups, roles, name, email } = payloadOf(id_token);
    expect({ groups, roles, name, email }).toEqual(expected);
    const claims = payloadOf(access_token);
    expect({ groups: claims['groups'], roles: claims['roles'] }).toEqual(expected);
    const { isAuthorized, context } = await contextOf(access_token);
    expect([isAuthorized, Object.keys(context ?? {}).filter((key) => ['groups', 'roles'].includes(key))]).toEqual([
      true,
      Object.keys(expected),
    ]);
    const { status, json } = await ask(world.handlers, access_token);
    if (status === 200) expect({ groups: json['groups'], roles: json['roles'] }).toEqual(expected);
  });

  it('have the names that an API is registered for, each API of a token its own', async () => {
    const { access_token, id_token } = await signIn('web-jwt', { resources: ['named', 'orders'] });
    const claims = payloadOf(access_token);
    const theirs = { 'cognito:groups': GROUPS, 'https://example.com/roles': ROLES };
    expect(claims).toMatchObject({ ...theirs, groups: GROUPS, roles: ROLES });
    const only = payloadOf((await signIn('web-jwt', { resources: ['named'] })).access_token);
    expect(only).toMatchObject(theirs);
    expect([only['groups'], only['roles']]).toEqual([undefined, undefined]);
    expect(payloadOf(id_token)).toMatchObject({ groups: GROUPS, roles: ROLES });
    const named = { AUDIENCE: 'named', GROUPS_CLAIM: 'cognito:groups', ROLES_CLAIM: 'https://example.com/roles' };
    expect(await contextOf(access_token, named)).toMatchObject({ context: { roles: JSON.stringify(ROLES) } });
  });

  it.each<[what: string, Partial<Extensions>, expected: object]>([
    [
      'in place of those of the table',
      { claimsFor: async () => ({ groups: ['g'], roles: ['r'] }) },
      { groups: ['g'], roles: ['r'] },
    ],
    [
      'which has no groups, so those of the table count',
      { claimsFor: async () => ({ roles: ['r'] }) },
      { groups: GROUPS, roles: ['r'] },
    ],
    ['which takes them away', { claimsFor: async () => ({ groups: [], roles: null }) }, {}],
    [
      'for a user elsewhere only',
      { claimsFor: async () => ({ groups: ['g'] }), authenticateUser: async () => undefined },
      { groups: GROUPS, roles: ROLES },
    ],
  ])('come from claimsFor, %s', async (_, extensions, expected) => {
    const handlers = withHooks(extensions);
    const { access_token, id_token } = await signIn('web-jwt', {}, handlers);
    for (const claims of [payloadOf(access_token), payloadOf(id_token), (await ask(handlers, access_token)).json]) {
      expect({ groups: claims['groups'], roles: claims['roles'] }).toEqual(expected);
    }
  });

  it('of a user elsewhere come from claimsFor', async () => {
    const handlers = withHooks({ claimsFor: async () => ({ groups: ['g'] }), authenticateUser: async () => undefined });
    expect(payloadOf((await signIn('web-jwt', { sub: 'elsewhere' }, handlers)).access_token)).toMatchObject({
      groups: ['g'],
    });
  });

  const circle: Record<string, unknown> = {};
  circle['circle'] = circle;

  it.each<[what: string, claims: () => unknown]>([
    ['one text', () => ({ groups: 'staff' })],
    ['a list of numbers', () => ({ roles: [1] })],
    ['an empty name', () => ({ groups: [''] })],
    ['a control character', () => ({ groups: ['a\nb'] })],
    ['half a character', () => ({ groups: ['\ud800'] })],
    ['too many', () => ({ groups: Array.from({ length: MAX_MEMBERSHIPS + 1 }, (_, at) => `g${at}`) })],
    ['too long a name', () => ({ roles: ['x'.repeat(MAX_MEMBERSHIP_LENGTH + 1)] })],
    ['too much together', () => ({ groups: Array.from({ length: 25 }, (_, at) => `${at}`.padEnd(90, 'g')) })],
    ['a list in place of claims', () => ['staff']],
    ['a circle', () => circle],
    ['a number that JSON does not have', () => ({ groups: [1n] })],
  ])('that are malformed (%s) are a fault, and the code stays valid', async (_, claims) => {
    const handlers = withHooks({ claimsFor: async () => claims() as never });
    const { code } = await newCode(world, 'web-jwt', { clock, sub: 'alice', scope: SCOPE });
    expect(await redeem(handlers, 'web-jwt', code)).toMatchObject({ status: 503, json: { error: 'server_error' } });
    expect(await redeem(world.handlers, 'web-jwt', code)).toMatchObject({ status: 200 });
  });

  it('that are malformed in the table are a fault for whoever asks for them', async () => {
    const { code } = await newCode(world, 'web-jwt', { clock, sub: 'odd', scope: SCOPE });
    expect(await redeem(world.handlers, 'web-jwt', code)).toMatchObject({ status: 503 });
    expect(payloadOf((await signIn('web-jwt', { sub: 'odd', scope: 'openid' })).id_token)['groups']).toBeUndefined();
  });

  it('as many and as long as allowed fit into every token', async () => {
    const groups = Array.from({ length: 20 }, (_, at) => `${at}`.padEnd(95, 'g'));
    const handlers = withHooks({ claimsFor: async () => ({ groups }) });
    const { access_token, id_token } = await signIn('web-encrypted', { resources: ['orders'] }, handlers);
    expect(await introspect(access_token)).toMatchObject({ groups });
    expect(payloadOf(id_token)).toMatchObject({ groups });
  });
});

describe('The standard claims of the user', () => {
  it.each([
    ['eager', 'openid profile email', { name: 'Alice', email: 'alice@example.com' }],
    ['eager', 'openid email', { email: 'alice@example.com' }],
    ['eager', 'openid', {}],
    ['web-jwt', 'openid profile email', {}],
  ])('are in ID tokens of %s for the scope %s: %j', async (id, scope, expected) => {
    const { name, email, groups } = payloadOf((await signIn(id, { scope })).id_token);
    expect({ name, email, groups }).toEqual(expected);
  });
});

describe('An access token of a user', () => {
  it.each(MACHINES)('says when and how the user signed in, in the format of %s', async (machine) => {
    const { access_token } = await signIn(machine.replace('machine', 'web'), { amr: ['pwd', 'otp'] });
    // RFC 9068 section 2.2.1
    expect(await introspect(access_token)).toMatchObject({
      auth_time: NOW - 5,
      acr: 'urn:latchkey:acr:password',
      amr: ['pwd', 'otp'],
    });
  });

  it('claims no context that was not reached', async () => {
    const claims = payloadOf((await signIn('web-jwt', { amr: ['hwk'] })).access_token);
    expect([claims['acr'], claims['amr']]).toEqual([undefined, ['hwk']]);
  });
});

describe('An API that is registered for it', () => {
  it.each(['jwt', 'encrypted'])('gets nbf, a list of scopes and a further audience: %s', async (format) => {
    const access_token = await getToken(world.handlers, `job-${format}`, { resource: 'migrated', scope: 'read write' });
    if (format === 'jwt') {
      expect(payloadOf(access_token)).toMatchObject({ aud: ['migrated', SHARED], scope: ['read', 'write'], nbf: NOW });
    }
    const described = { aud: ['migrated', SHARED], nbf: NOW, scope: 'read write' };
    expect(await introspect(access_token, 'migrated')).toMatchObject({ active: true, ...described });
    for (const AUDIENCE of ['migrated', SHARED]) {
      const { context } = await contextOf(access_token, { AUDIENCE });
      expect(context).toMatchObject({ scope: 'read write', aud: `migrated ${SHARED}` });
    }
    expect(await contextOf(access_token, { AUDIENCE: 'orders' })).toEqual({ isAuthorized: false });
  });

  it('gets one text from introspection, and no further audience in a sealed token', async () => {
    const reference = await getToken(world.handlers, 'job-reference', { resource: 'migrated', scope: 'read write' });
    expect(await introspect(reference, 'migrated')).toMatchObject({
      scope: 'read write',
      nbf: NOW,
      aud: ['migrated', SHARED],
    });
    const sealed = await getToken(world.handlers, 'job-sealed', { resource: 'migrated', scope: 'read' });
    expect(await introspect(sealed, 'migrated')).toMatchObject({ scope: 'read', nbf: NOW, aud: 'migrated' });
  });

  it('shares a token with another such API, but not with one that has its scope as text', async () => {
    const both = await getToken(world.handlers, 'job-jwt', { resource: ['migrated', 'second'] });
    expect(payloadOf(both)).toMatchObject({ aud: ['migrated', 'second', SHARED], scope: ['read', 'write'] });
    const form = { grant_type: 'client_credentials', resource: ['migrated', 'orders'] };
    expect((await post(world.handlers.token, 'job-jwt', form)).json).toMatchObject({ error: 'invalid_target' });
  });

  it('never takes the roles of one API for the groups of another', async () => {
    const form = { grant_type: 'client_credentials', resource: ['orders', 'crossed'], scope: 'read roles' };
    expect((await post(world.handlers.token, 'job-jwt', form)).json).toMatchObject({ error: 'invalid_target' });
    expect((await post(world.handlers.token, 'job-jwt', { ...form, scope: 'read' })).status).toBe(200);
    expect((await post(world.handlers.token, 'job-jwt', { ...form, resource: 'crossed' })).status).toBe(200);
  });

  it('opens userinfo with a list of scopes', async () => {
    const { access_token } = await signIn('web-jwt', { resources: ['migrated'], scope: 'openid email' });
    expect(await ask(world.handlers, access_token)).toMatchObject({
      status: 200,
      json: { email: 'alice@example.com' },
    });
  });
});

describe('accessTokenClaims', () => {
  type Hook = NonNullable<Extensions['accessTokenClaims']>;
  const issue = async (accessTokenClaims: Hook, id = 'web-jwt', extensions: Partial<Extensions> = {}) => {
    const handlers = withHooks({ ...extensions, accessTokenClaims });
    return id.startsWith('web') ? (await signIn(id, {}, handlers)).access_token : getToken(handlers, id);
  };

  it.each<[what: string, Hook]>([
    ['at once, as in version 0.1.0', ({ client, sub }) => ({ seen: [client.client_id, sub] })],
    ['later', async ({ client, sub }) => ({ seen: [client.client_id, sub] })],
  ])('may answer %s', async (_, hook) => {
    expect(payloadOf(await issue(hook))).toMatchObject({ seen: ['web-jwt', 'alice'] });
    expect(payloadOf(await issue(hook, 'job-jwt'))).toMatchObject({ seen: ['job-jwt', 'job-jwt'] });
  });

  it('sees the user, the client and the APIs, and reads the user once', async () => {
    const hook: Hook = async ({ client, resources }, { findUser }) => {
      const [user, again] = await Promise.all([findUser(), findUser()]);
      return {
        name: user?.['name'],
        same: user === again,
        client: client.client_id,
        apis: resources.map((api) => api.scope),
      };
    };
    const seen = { same: true, apis: ['read write'] };
    expect(payloadOf(await issue(hook))).toMatchObject({ ...seen, name: 'Alice', client: 'web-jwt' });
    const own = payloadOf(await issue(hook, 'job-jwt'));
    expect(own).toMatchObject({ ...seen, client: 'job-jwt' });
    expect(own).not.toHaveProperty('name');
    let reads = 0;
    const claimsFor = async () => {
      reads++;
      return { name: 'Elsewhere', groups: ['g'] };
    };
    expect(payloadOf(await issue(hook, 'web-jwt', { claimsFor }))).toMatchObject({ name: 'Elsewhere', groups: ['g'] });
    expect(reads).toBe(1);
  });

  it.each(['web-jwt', 'job-jwt', 'web-reference'])('replaces no reserved claim, present or not: %s', async (id) => {
    const claimsOf = async (token: string) => (id.endsWith('jwt') ? payloadOf(token) : introspect(token));
    const plain = await claimsOf(await issue(() => ({}), id));
    const forged = await claimsOf(
      await issue(() => Object.fromEntries([...reservedClaims].map((name) => [name, 'x'])), id),
    );
    const random = { jti: expect.any(String), grant_id: expect.any(String) };
    expect(forged).toEqual({ ...plain, ...random });
    expect([forged['jti'], forged['grant_id']]).not.toContain('x');
  });

  it('does not replace groups and roles of the user, and may add those of a token without the scope', async () => {
    const hook = () => ({ groups: ['theirs'] });
    expect(payloadOf(await issue(hook))).toMatchObject({ groups: GROUPS });
    expect(payloadOf(await issue(hook, 'job-jwt'))).toMatchObject({ groups: ['theirs'] });
  });

  const circle: Record<string, unknown> = {};
  circle['circle'] = circle;

  it.each<[what: string, status: number, answer: () => unknown]>([
    ['nothing', 200, () => undefined],
    ['null', 200, () => null],
    ['a date, which becomes text', 200, () => ({ since: new Date(0) })],
    ['a text', 503, () => 'tenant'],
    ['a list', 503, () => ['tenant']],
    ['a function', 503, () => () => ({})],
    ['a number that JSON does not have', 503, () => ({ tenant: 1n })],
    ['a circle', 503, () => circle],
    ['half a character', 503, () => ({ tenant: '\ud800' })],
    ['too much', 400, () => ({ tenant: 'x'.repeat(8_193) })],
  ])('that answers with %s: %i', async (_, status, answer) => {
    for (const [id, give] of [
      ['web-jwt', answer],
      ['web-reference', async () => answer()],
    ] as const) {
      const { code } = await newCode(world, id, { clock, scope: 'openid read' });
      expect(await redeem(withHooks({ accessTokenClaims: give as never }), id, code)).toMatchObject({ status });
      // Whatever went wrong, the code is still good.
      if (status !== 200) expect(await redeem(world.handlers, id, code)).toMatchObject({ status: 200 });
    }
  });

  it('that fails is a fault, and the code stays valid', async () => {
    const { code } = await newCode(world, 'web-jwt', { clock });
    const fail = () => Promise.reject(new Error('no directory'));
    expect(await redeem(withHooks({ accessTokenClaims: fail }), 'web-jwt', code)).toMatchObject({ status: 503 });
    expect(await redeem(world.handlers, 'web-jwt', code)).toMatchObject({ status: 200 });
  });
});
