// What redemption, refresh and revocation ask of the store and of KMS, counted at the wire. docs/design.md section 5.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { createUserStore } from '../../lib/store/user.ts';
import { type FaultyStore, inFlightTogether, startFaultyStore } from '../support/faulty-store.ts';
import {
  app,
  type CodeOptions,
  handlesOf,
  newCode,
  redeem,
  refresh,
  type Tokens,
  tokensOf,
} from '../support/grants.ts';
import { type KmsWorld, NO_KMS_HANDLES, startKmsWorld } from '../support/kms-world.ts';
import { createTestClock, type Handlers, MACHINES, machines, post } from '../support/world.ts';

const [READ, CHANGE, PUT, LIST] = ['GetItem', 'UpdateItem', 'PutItem', 'Query'];
/** One round trip: the epochs of client, subject, consent and issuer in parallel with the conditional write. */
const STEP = [READ, READ, READ, READ, CHANGE];
const CLIENTS = MACHINES.map((id) => [id.replace('machine', 'web'), machines[id]] as const);
const JWT = 'web-jwt';

// It stands still, because a container reads the revocation list once a second before it adds to it.
const { clock, advance } = createTestClock(systemClock());

let world: KmsWorld;
let store: FaultyStore;
/** A container behind the counter, which knows its clients and keys already. */
let handlers: Handlers;

beforeAll(async () => {
  world = await startKmsWorld();
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  await Promise.all(
    CLIENTS.map(([id, access_token_format]) =>
      world.clients.create(
        app(id, { access_token_format, scope: 'openid profile email groups roles offline_access read write' }),
      ),
    ),
  );
  handlers = await warmContainer();
});
afterAll(async () => {
  await store.stop();
  await world.stop();
});
afterEach(() => store.behave());

const NO_ID_TOKEN: CodeOptions = { scope: 'offline_access read' };

/** The handle keys are in KMS too, as far as a deployment goes; codes are put in the table by the test. */
const code = (id: string, options: CodeOptions = NO_ID_TOKEN) =>
  newCode({ ...world, env: { ...world.env, HANDLE_KEYS: HANDLE_KEY } }, id, options);
const HANDLE_KEY = Buffer.alloc(32, 5).toString('base64url');

async function warmContainer(): Promise<Handlers> {
  const variables = {
    AWS_ENDPOINT_URL_DYNAMODB: store.endpoint,
    CLIENT_CACHE_SECONDS: '3600',
    ...NO_KMS_HANDLES,
    HANDLE_KEYS: HANDLE_KEY,
  };
  const warm = world.restart(variables, clock);
  for (const [id] of CLIENTS) {
    const { refresh_token } = tokensOf(await redeem(warm, id, (await code(id)).code));
    await post(warm.revocation, id, { token: refresh_token });
  }
  return warm;
}

interface Counted {
  readonly store: readonly string[];
  readonly sign: number;
}

/** What a call asked for. Nothing is answered until so many requests to the store are on their way. */
async function counted(call: () => Promise<{ status: number }>, together: number, status = 200): Promise<Counted> {
  store.take();
  world.kms.takeCalls();
  store.behave(inFlightTogether(together));
  expect((await call()).status).toBe(status);
  store.behave();
  const { Sign = 0, ...others } = world.kms.takeCalls();
  expect(others).toEqual({});
  return {
    store: store
      .take()
      .map(({ operation }) => operation)
      .sort(),
    sign: Sign,
  };
}

const signsOf = (format: string) => (format === 'jwt' || format === 'encrypted_jwt' ? 1 : 0);

describe.each(CLIENTS)('The requests to the table for %s, with access tokens of the format %s:', (id, format) => {
  const expected = { store: [...STEP, ...(format === 'reference' ? [PUT] : [])].sort(), sign: signsOf(format) };

  it('a redemption makes one round trip, and one more for a reference token', async () => {
    const { code: text } = await code(id);
    expect(await counted(() => redeem(handlers, id, text), STEP.length)).toEqual(expected);
  });

  it('a refresh makes one round trip, and one more for a reference token', async () => {
    const { refresh_token } = tokensOf(await redeem(handlers, id, (await code(id)).code));
    expect(await counted(() => refresh(handlers, id, refresh_token), STEP.length)).toEqual(expected);
    const narrow = tokensOf(await refresh(handlers, id, refresh_token, { scope: 'read' }));
    expect(narrow.scope).toBe('read');
  });

  it('a retry of a refresh reads the grant back, and confirms it before it answers', async () => {
    const { refresh_token } = tokensOf(await redeem(handlers, id, (await code(id)).code));
    await refresh(handlers, id, refresh_token);
    expect(await counted(() => refresh(handlers, id, refresh_token), STEP.length)).toEqual({
      ...expected,
      store: [...expected.store, READ, CHANGE].sort(),
    });
  });

  it('an ID token needs one more signature, but no further request', async () => {
    const { code: text } = await code(id, {});
    expect(await counted(() => redeem(handlers, id, text), STEP.length)).toEqual({
      ...expected,
      sign: expected.sign + 1,
    });
  });
});

describe('The requests to the table for claims of the user', () => {
  it.each<[string, CodeOptions, string[]]>([
    ['standard claims by scope that nobody put into the ID token: nothing', { scope: 'openid profile' }, []],
    ['groups and roles, in access token and ID token: the user is read once', { scope: 'openid groups roles' }, [READ]],
    ['groups, in an access token alone', { scope: 'groups read' }, [READ]],
    [
      'that are requested by `claims`: the user is read while signing',
      { scope: 'openid profile', claims: JSON.stringify({ id_token: { name: null } }) },
      [READ],
    ],
    [
      'that are asked for elsewhere: nothing',
      { scope: 'openid profile', claims: JSON.stringify({ userinfo: { name: null } }) },
      [],
    ],
  ])('%s', async (_name, options, more) => {
    await createUserStore(world.table).create({
      sub: 'alice',
      username: 'alice',
      password: { secret_id: '', hash: '', created_at: 0 },
      claims: {},
      enabled: true,
      created_at: 0,
    });
    const { code: text } = await code(JWT, options);
    expect((await counted(() => redeem(handlers, JWT, text), STEP.length)).store).toEqual([...STEP, ...more].sort());
  });
});

describe('The requests to the table for the revocation of a refresh token:', () => {
  it('one conditional write, then one to the revocation list', async () => {
    const { refresh_token } = tokensOf(await redeem(handlers, JWT, (await code(JWT)).code));
    expect((await counted(() => post(handlers.revocation, JWT, { token: refresh_token }), 1)).store).toEqual([
      CHANGE,
      CHANGE,
    ]);
  });

  it('the list is read before, unless it was read in this second', async () => {
    const { refresh_token } = tokensOf(await redeem(handlers, JWT, (await code(JWT)).code));
    advance(1);
    const call = () => post(handlers.revocation, JWT, { token: refresh_token });
    expect((await counted(call, 1)).store).toEqual([LIST, CHANGE, CHANGE].sort());
  });

  it('if it was revoked before, the grant is read back, and the entry is found', async () => {
    const { refresh_token } = tokensOf(await redeem(handlers, JWT, (await code(JWT)).code));
    await post(handlers.revocation, JWT, { token: refresh_token });
    expect((await counted(() => post(handlers.revocation, JWT, { token: refresh_token }), 1)).store).toEqual([
      READ,
      CHANGE,
    ]);
  });

  it('if it belongs to another client, the grant is read back, and nothing else', async () => {
    const { refresh_token } = tokensOf(await redeem(handlers, JWT, (await code(JWT)).code));
    const call = () => post(handlers.revocation, 'web-sealed', { token: refresh_token });
    expect((await counted(call, 1, 400)).store).toEqual([READ, CHANGE]);
  });
});

describe('The requests to the table for a refused redemption or refresh:', () => {
  const handles = () => handlesOf({ env: { ...world.env, HANDLE_KEYS: HANDLE_KEY } });
  const forged = (text: string) => text.slice(0, 20) + (text[20] === 'A' ? 'B' : 'A') + text.slice(21);

  it.each<[string, (tokens: Tokens) => Promise<{ status: number }>]>([
    ['a forged code', async () => redeem(handlers, JWT, forged((await code(JWT)).code))],
    ['a forged refresh token', (tokens) => refresh(handlers, JWT, forged(tokens.refresh_token))],
    ['a refresh token as a code', (tokens) => redeem(handlers, JWT, tokens.refresh_token)],
    ['an access token as a refresh token', (tokens) => refresh(handlers, JWT, tokens.access_token)],
    ['a malformed verifier', async () => redeem(handlers, JWT, (await code(JWT)).code, { code_verifier: 'x' })],
    ['a malformed scope', (tokens) => refresh(handlers, JWT, tokens.refresh_token, { scope: '"' })],
  ])('none for %s', async (_name, attempt) => {
    const tokens = tokensOf(await redeem(handlers, JWT, (await code(JWT)).code));
    await code(JWT);
    expect(await counted(() => attempt(tokens), 1, 400)).toEqual({ store: [], sign: 0 });
  });

  it('no write for an unknown code', async () => {
    const { text } = handles().code.mint({ secret: Buffer.alloc(26, 1).toString('base64url') });
    const { store: asked } = await counted(() => redeem(handlers, JWT, text), STEP.length, 400);
    expect(asked).toEqual([...STEP, READ].sort());
    expect((await world.table.scan('GRANT')).filter(({ client_id }) => client_id === undefined)).toEqual([]);
  });

  it('the conditional write and a read of the grant for a wrong verifier', async () => {
    const { code: text } = await code(JWT);
    const call = () => redeem(handlers, JWT, text, { code_verifier: 'o'.repeat(43) });
    expect(await counted(call, STEP.length, 400)).toEqual({ store: [...STEP, READ].sort(), sign: 0 });
  });

  it('the revocation of the grant and an entry on the list for a reused code, not for one that is repeated at once', async () => {
    const { code: text } = await code(JWT);
    await redeem(handlers, JWT, text);
    const call = () => redeem(handlers, JWT, text);
    expect((await counted(call, STEP.length, 400)).store).toEqual([...STEP, READ].sort());
    advance(3);
    expect((await counted(call, STEP.length, 400)).store).toEqual([...STEP, READ, CHANGE, LIST, CHANGE].sort());
  });
});

it('Every read of grants is strongly consistent', async () => {
  store.take();
  const { code: text } = await code(JWT);
  const { refresh_token } = tokensOf(await redeem(handlers, JWT, text));
  await refresh(handlers, JWT, refresh_token);
  await refresh(handlers, JWT, refresh_token);
  await redeem(handlers, JWT, text);
  const reads = store.take().filter(({ operation }) => [READ, LIST].includes(operation));
  expect(reads.length).toBeGreaterThan(12);
  expect(reads.filter(({ input }) => input['ConsistentRead'] !== true)).toEqual([]);
});
