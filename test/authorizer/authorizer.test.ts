import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compose as composeAuthorizer } from '../../functions/authorizer.ts';
import { createAuthorizer } from '../../lib/authorizer/authorizer.ts';
import { readConfig } from '../../lib/config.ts';
import { InvalidToken } from '../../lib/oauth/errors.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { app, createSignIn } from '../support/sign-in.ts';
import {
  authorizerEvents,
  createTestClock,
  getToken,
  HTTP_ARN,
  ISSUER,
  MACHINES,
  post,
  REST_ARN,
  startWorld,
  verdict,
  type World,
} from '../support/world.ts';

const { clock, set } = createTestClock();
const NOW = clock();

let world: World;

beforeAll(async () => {
  world = await startWorld({}, clock);
});
beforeEach(() => set(NOW));
afterEach(() => set(NOW));
afterAll(() => world.stop());

const shapes = Object.entries(authorizerEvents);

const contextFor = (id: string) => ({
  client_id: id,
  sub: id,
  scope: 'read',
  aud: 'orders',
  jti: expect.stringMatching(/^[\w-]{22}([\w-]{2})?$/),
  exp: NOW + 3600,
  grant_id: expect.stringMatching(/^[\w-]{22}$/),
});

const policy = (effect: string, resource: string) => ({
  Version: '2012-10-17',
  Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: resource }],
});

describe.each(MACHINES)('a valid token of %s', (id) => {
  it('is allowed with a simple answer at an HTTP API', async () => {
    const token = await getToken(world.handlers, id, { scope: 'read' });
    const answer = await world.handlers.authorizer(authorizerEvents['HTTP API 2.0'](token));
    expect(answer).toEqual({ isAuthorized: true, context: contextFor(id) });
    expect(JSON.stringify(answer)).not.toContain(token);
  });

  it.each([
    ['HTTP API 2.0', HTTP_ARN.replace('/GET/whoami', '/*')],
    ['HTTP API 1.0', HTTP_ARN.replace('/GET/whoami', '/*')],
    ['REST REQUEST', REST_ARN.replace('/GET/whoami', '/*')],
    ['REST TOKEN', REST_ARN.replace('/GET/whoami', '/*')],
  ] as const)('is allowed with a policy for the stage: %s', async (shape, resource) => {
    const token = await getToken(world.handlers, id, { scope: 'read' });
    const { authorizer } = world.restart({ AUTHORIZER_RESPONSE: 'policy' });
    expect(await authorizer(authorizerEvents[shape](token))).toEqual({
      principalId: id,
      policyDocument: policy('Allow', resource),
      context: contextFor(id),
    });
  });

  it.each(shapes)('is refused for another audience: %s', async (_name, event) => {
    const token = await getToken(world.handlers, id, { resource: 'billing' });
    expect(await verdict(world.handlers.authorizer(event(token)))).toBe('refuse');
  });

  it.each(shapes)('expires to the second, seen before or not: %s', async (_name, event) => {
    const token = await getToken(world.handlers, id);
    const { authorizer } = world.restart({ REVOCATION_MAX_AGE_SECONDS: '60' });
    set(NOW + 3599);
    expect(await verdict(authorizer(event(token)))).toBe('allow');
    set(NOW + 3600);
    expect(await verdict(authorizer(event(token)))).toBe('refuse');
    expect(await verdict(world.handlers.authorizer(event(token)))).toBe('refuse');
  });
});

describe('A refusal by the authorizer', () => {
  it.each([
    ['HTTP API 2.0', { isAuthorized: false }],
    ['HTTP API 1.0', 'Unauthorized'],
    ['REST REQUEST', 'Unauthorized'],
    ['REST TOKEN', 'Unauthorized'],
  ] as const)('has the form that %s expects', async (shape, expected) => {
    const answer = world.handlers.authorizer(authorizerEvents[shape]('hello'));
    expect(await answer.catch(({ message }: Error) => message)).toEqual(expected);
  });

  it('is a Deny policy for the stage if an HTTP API expects policies', async () => {
    const { authorizer } = world.restart({ AUTHORIZER_RESPONSE: 'policy' });
    expect(await authorizer(authorizerEvents['HTTP API 2.0']('hello'))).toEqual({
      principalId: 'anonymous',
      policyDocument: policy('Deny', HTTP_ARN.replace('/GET/whoami', '/*')),
    });
  });
});

describe('The authorizer, given the Authorization header', () => {
  const http = (headers: unknown) => ({ ...authorizerEvents['HTTP API 2.0'](''), headers });
  const rest = (headers: unknown, multiValueHeaders?: unknown) => ({
    ...authorizerEvents['REST REQUEST'](''),
    headers,
    multiValueHeaders,
  });

  it.each<[string, 'allow' | 'refuse', (token: string) => unknown]>([
    ['lower case', 'allow', (token) => http({ authorization: `Bearer ${token}` })],
    ['any case', 'allow', (token) => rest({ aUTHORIZATION: `Bearer ${token}` })],
    ['the scheme in another case', 'allow', (token) => http({ authorization: `bEARER ${token}` })],
    ['several spaces', 'allow', (token) => http({ authorization: `Bearer   ${token}` })],
    ['multi-value headers only', 'allow', (token) => rest(null, { Authorization: [`Bearer ${token}`] })],
    ['two values', 'refuse', (token) => rest({}, { Authorization: [`Bearer ${token}`, `Bearer ${token}`] })],
    [
      'two spellings',
      'refuse',
      (token) => rest({ Authorization: `Bearer ${token}`, authorization: `Bearer ${token}` }),
    ],
    [
      'two values that an HTTP API joined',
      'refuse',
      (token) => http({ authorization: `Bearer ${token},Bearer ${token}` }),
    ],
    ['one good and one bad value', 'refuse', (token) => rest({}, { Authorization: ['Bearer x', `Bearer ${token}`] })],
    ['no scheme', 'refuse', (token) => http({ authorization: token })],
    ['another scheme', 'refuse', (token) => http({ authorization: `DPoP ${token}` })],
    ['a tab', 'refuse', (token) => http({ authorization: `Bearer\t${token}` })],
    ['trailing white space', 'refuse', (token) => http({ authorization: `Bearer ${token} ` })],
    ['a trailing line feed', 'refuse', (token) => http({ authorization: `Bearer ${token}\n` })],
    ['something behind the token', 'refuse', (token) => http({ authorization: `Bearer ${token} x` })],
    ['padding behind the token', 'refuse', (token) => http({ authorization: `Bearer ${token}=` })],
    ['an empty one', 'refuse', () => http({ authorization: '' })],
    ['none', 'refuse', () => http({})],
    ['no headers', 'refuse', () => http(null)],
    ['the token in the query', 'refuse', (token) => ({ ...http({}), queryStringParameters: { access_token: token } })],
    ['the token in a cookie', 'refuse', (token) => ({ ...http({}), cookies: [`access_token=${token}`] })],
    ['the token as identity source only', 'refuse', (token) => ({ ...http({}), identitySource: [`Bearer ${token}`] })],
    ['another header', 'refuse', (token) => http({ 'x-authorization': `Bearer ${token}` })],
    ['REST TOKEN without its token', 'refuse', () => ({ type: 'TOKEN', methodArn: REST_ARN })],
  ])('in %s: %s', async (_name, expected, event) => {
    const token = await getToken(world.handlers, 'machine-jwt');
    expect(await verdict(world.handlers.authorizer(event(token)))).toBe(expected);
    // The same again, when the token is known as most clients write it.
    expect(await verdict(world.handlers.authorizer(authorizerEvents['HTTP API 2.0'](token)))).toBe('allow');
    expect(await verdict(world.handlers.authorizer(event(token)))).toBe(expected);
  });

  it.each(MACHINES)('with a revoked token of %s: refused in every spelling, whichever was seen before', async (id) => {
    const token = await getToken(world.handlers, id);
    const spellings = ['Bearer ', 'bEARER ', 'Bearer  '].map((start) => http({ authorization: start + token }));
    const verdicts = () => Promise.all(spellings.map((event) => verdict(world.handlers.authorizer(event))));
    expect(await verdicts()).toEqual(['allow', 'allow', 'allow']);
    expect(await verdicts()).toEqual(['allow', 'allow', 'allow']);
    await post(world.handlers.revocation, id, { token });
    set(NOW + 5);
    expect(await verdict(world.handlers.authorizer(spellings[1]))).toBe('refuse');
    expect(await verdicts()).toEqual(['refuse', 'refuse', 'refuse']);
  });
});

describe('A token that another request finds revoked while it is read', () => {
  it('is not remembered as valid', async () => {
    const token = await getToken(world.handlers, 'machine-reference');
    const context = composeAuthorizer(
      createFoundationWithTable({ ...world.env, REVOCATION_MAX_AGE_SECONDS: '60' }, clock),
    );
    const { find } = context.referenceTokens;
    let reads = 0;
    const referenceTokens: typeof context.referenceTokens = {
      ...context.referenceTokens,
      async find(id) {
        const found = await find(id);
        if (reads++ > 0) return found;
        await post(world.handlers.revocation, 'machine-reference', { token });
        expect(await verdict(authorizer(event))).toBe('refuse');
        return found;
      },
    };
    const authorizer = createAuthorizer(() => ({ ...context, referenceTokens }));
    const event = authorizerEvents['HTTP API 2.0'](token);
    await verdict(authorizer(event));
    expect(reads).toBe(2);
    expect(await verdict(authorizer(event))).toBe('refuse');
  });
});

describe('The policy of the authorizer', () => {
  const resourceOf = async (methodArn: string) => {
    const authorizationToken = `Bearer ${await getToken(world.handlers, 'machine-jwt')}`;
    const answer = await world.handlers.authorizer({ type: 'TOKEN', methodArn, authorizationToken });
    return 'policyDocument' in answer ? answer.policyDocument.Statement[0].Resource : answer;
  };
  const STAGE = 'arn:aws:execute-api:eu-west-1:123456789012:abc123/prod';

  it.each([
    [`${STAGE}/GET/whoami`, `${STAGE}/*`],
    [`${STAGE}/GET/`, `${STAGE}/*`],
    [`${STAGE}/POST/a/b/c`, `${STAGE}/*`],
    [`${STAGE}/GET/*`, `${STAGE}/*`],
    [`${STAGE}/GET/a/arn:aws:execute-api:*:*:*/x`, `${STAGE}/*`],
    [
      'arn:aws-cn:execute-api:cn-north-1:123456789012:abc/test-invoke-stage/GET/',
      'arn:aws-cn:execute-api:cn-north-1:123456789012:abc/test-invoke-stage/*',
    ],
  ])('for the call %s covers %s', async (arn, resource) => {
    expect(await resourceOf(arn)).toBe(resource);
  });

  it.each([
    '',
    'arn:aws:execute-api:*:123456789012:abc/prod/GET/',
    'arn:aws:execute-api:eu-west-1:123456789012:*/prod/GET/',
    'arn:aws:execute-api:eu-west-1:123456789012:abc/*/GET/',
    'arn:aws:execute-api:eu-west-1:123456789012:abc',
    'arn:aws:lambda:eu-west-1:123456789012:abc/prod/GET/',
  ])('is not made for the malformed ARN "%s": the authorizer throws', async (arn) => {
    const authorizationToken = `Bearer ${await getToken(world.handlers, 'machine-jwt')}`;
    expect(await verdict(world.handlers.authorizer({ type: 'TOKEN', methodArn: arn, authorizationToken }))).toBe(
      'fault',
    );
  });
});

describe('The time within which a revoked token is refused', () => {
  it.each([
    ['machine-jwt', '0', 0],
    ['machine-jwt', '5', 5],
    ['machine-jwt', 'jwt=7,reference=0', 7],
    ['machine-jwt', 'reference=9', 5],
    ['machine-encrypted', '0', 0],
    ['machine-encrypted', 'jwt=7,reference=0', 7],
    ['machine-sealed', 'jwt=7,sealed=0', 0],
    ['machine-sealed', 'reference=9', 5],
    ['machine-reference', '0', 0],
    ['machine-reference', 'jwt=60', 0],
    ['machine-reference', '5', 5],
  ])('for %s with REVOCATION_MAX_AGE_SECONDS=%s is %i s', async (id, maxAge, bound) => {
    const { authorizer } = world.restart({ REVOCATION_MAX_AGE_SECONDS: maxAge });
    const token = await getToken(world.handlers, id);
    const event = authorizerEvents['HTTP API 2.0'](token);
    expect(await verdict(authorizer(event))).toBe('allow');
    await post(world.handlers.revocation, id, { token });
    if (bound > 0) {
      set(NOW + bound - 1);
      expect(await verdict(authorizer(event))).toBe('allow');
    }
    set(NOW + bound);
    expect(await verdict(authorizer(event))).toBe('refuse');
  });
});

describe('A token for the userinfo endpoint only', () => {
  const client = app('identity-only', { resources: [], scope: 'openid', require_pkce: false });
  const identityOnly = async () => (await createSignIn(world, clock).give(world.handlers, client)).access_token;
  beforeAll(() => world.clients.create(client));

  it.each(['orders', 'whoami'])('is refused at %s', async (AUDIENCE) => {
    const { authorizer } = world.restart({ AUDIENCE });
    expect(await verdict(authorizer(authorizerEvents['HTTP API 2.0'](await identityOnly())))).toBe('refuse');
  });

  it('is accepted by no authorizer, because AUDIENCE must not be the issuer', async () => {
    const { authorizer } = world.restart({ AUDIENCE: ISSUER });
    expect(await verdict(authorizer(authorizerEvents['HTTP API 2.0'](await identityOnly())))).toBe('fault');
    for (const AUDIENCE of [ISSUER, `${ISSUER}/`]) {
      expect(() => readConfig({ ISSUER, AUDIENCE }).audience()).toThrow('AUDIENCE must not be the issuer');
    }
  });
});

describe('An extension of the authorizer', () => {
  const withExtensions = (tokenValidated: () => Record<string, string>) =>
    createAuthorizer(() => ({
      ...composeAuthorizer(createFoundationWithTable(world.env, clock)),
      extensions: { tokenValidated },
    }));

  it('may add members to the context, but not replace existing ones', async () => {
    const authorizer = withExtensions(() => ({ tenant: 'acme', sub: 'somebody else' }));
    const token = await getToken(world.handlers, 'machine-jwt');
    const answer = await authorizer(authorizerEvents['HTTP API 2.0'](token));
    expect(answer).toMatchObject({ isAuthorized: true, context: { tenant: 'acme', sub: 'machine-jwt' } });
  });

  it('may refuse a valid token', async () => {
    const authorizer = withExtensions(() => {
      throw new InvalidToken('is not welcome');
    });
    const token = await getToken(world.handlers, 'machine-jwt');
    expect(await verdict(authorizer(authorizerEvents['REST TOKEN'](token)))).toBe('refuse');
  });

  it('that throws causes an error, neither an allow nor a refusal', async () => {
    const authorizer = withExtensions(() => {
      throw new Error('Unauthorized');
    });
    const token = await getToken(world.handlers, 'machine-jwt');
    expect(await verdict(authorizer(authorizerEvents['REST TOKEN'](token)))).toBe('fault');
  });
});
