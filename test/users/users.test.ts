import { createHook } from 'node:async_hooks';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { analyseFunctions } from '../../infra/build.mjs';
import { attemptLimits } from '../../lib/guessing/attempt-limits.ts';
import { SCRYPT_COST } from '../../lib/secrets/scrypt-cost.ts';
import { importSecret, unmatchableSecret } from '../../lib/secrets/secret.ts';
import { createAttemptStore } from '../../lib/store/attempt.ts';
import { openTable } from '../../lib/store/dynamodb.ts';
import { createUserStore, listOfUsers, type UserStore } from '../../lib/store/user.ts';
import { type AttemptOrigin, authenticateUser } from '../../lib/users/authenticate-user.ts';
import { createUser } from '../../lib/users/create-user.ts';
import { hashPassword, verifyPassword } from '../../lib/users/password.ts';
import { type FaultyStore, faults, once, onlyFor, startFaultyStore } from '../support/faulty-store.ts';
import { readList } from '../support/read-list.ts';
import { isLongRun } from '../support/scale.ts';
import { createTestClock, startWorld, type World } from '../support/world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Counts the slow hashes. */
let hashes = 0;
const hook = createHook({
  init(_id, type) {
    if (type === 'SCRYPTREQUEST') hashes++;
  },
});

const { clock, advance } = createTestClock();

let world: World;
let store: FaultyStore;
let users: UserStore;
let address = 0;

beforeAll(async () => {
  hook.enable();
  world = await startWorld({}, clock);
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  users = createUserStore(
    openTable({
      tableName: world.env['TABLE_NAME'] ?? '',
      endpoint: store.endpoint,
      region: 'eu-west-1',
      patience: 30,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    }),
  );
  await createUser({ username: 'Alice', password: 'pässword', claims: {} }, { users, clock });
  await createUser({ username: 'disabled', password: 'pässword', claims: {} }, { users, clock });
  const found = await users.findByName('disabled');
  await users.replace({ ...found!, enabled: false }, 1);
  await createUser({ username: 'expired', password: 'pässword', claims: {} }, { users, clock });
  const old = await users.findByName('expired');
  await users.replace({ ...old!, password: { ...old!.password, expires_at: clock() } }, 1);
});
afterAll(async () => {
  hook.disable();
  await store.stop();
  await world.stop();
});
beforeEach(() => {
  hashes = 0;
  advance(4_000);
});

/** Each time from another address, unless an origin is given. */
const authenticate = (username: string, password: string, extensions = {}, origin: Partial<AttemptOrigin> = {}) =>
  authenticateUser(
    username,
    password,
    { address: `203.0.113.${address++}`, ...origin },
    {
      clock,
      users,
      attempts: createAttemptStore(world.table),
      extensions,
    },
  );

describe('A username and a password', () => {
  it.each([
    ['Alice', 'pässword'],
    ['alice', 'pässword'],
    [' ALICE ', 'pa\u0308ssword'],
  ])('%j and %j belong to a user', async (username, password) => {
    expect(await authenticate(username, password)).toMatchObject({ outcome: 'signed_in', amr: ['pwd'] });
  });

  it.each([
    ['a wrong password', 'alice', 'password'],
    ['no password', 'alice', ''],
    ['an unknown name', 'nobody', 'pässword'],
    ['no name', '', 'pässword'],
    ['a name that is too long', 'x'.repeat(3_000), 'pässword'],
    ['a name that grows', '\ufdfa'.repeat(255), 'pässword'],
    ['half a character', '\ud800', '\udc00'],
    ['a disabled user', 'disabled', 'pässword'],
    ['a password that has expired', 'expired', 'pässword'],
  ])('are refused after the same amount of work: %s', async (_, username, password) => {
    store.take();
    expect(await authenticate(username, password)).toMatchObject({ outcome: 'refused' });
    // The one thing that takes time, once; and the same requests to the table.
    expect(hashes).toBe(1);
    expect(store.take().map(({ operation }) => operation)).toEqual(['GetItem', 'GetItem']);
  });

  it('are not checked during a delay', async () => {
    for (let tries = 0; tries < 4; tries++) await authenticate('alice', 'wrong');
    hashes = 0;
    store.take();
    expect(await authenticate('alice', 'pässword')).toMatchObject({ outcome: 'delayed', seconds: 1 });
    expect(hashes).toBe(0);
    // Only whose name it is.
    expect(store.take().map(({ operation }) => operation)).toEqual(['GetItem', 'GetItem']);
  });
});

describe('With the hook authenticateUser,', () => {
  /** An external directory. It also has an alice, and names whose subject is in the table. */
  const directory: Record<string, { password: string; sub: string; amr?: string[] }> = {
    carol: { password: 'of-carol', sub: 'c', amr: ['otp'] },
    alice: { password: 'of-the-other-alice', sub: 'other-alice' },
    disabled: { password: 'of-the-other', sub: 'other' },
  };
  const ask = vi.fn(async (username: string, password: string) =>
    directory[username]?.password === password ? directory[username] : undefined,
  );
  const extensions = { authenticateUser: ask };
  beforeEach(() => ask.mockClear());

  it('a user who is not in the table signs in through the hook', async () => {
    expect(await authenticate('carol', 'of-carol', extensions)).toMatchObject({
      outcome: 'signed_in',
      sub: 'c',
      amr: ['otp'],
    });
  });

  it('a user of the table signs in, and the hook does not get the password', async () => {
    const { sub } = (await users.findByName('alice'))!;
    expect(await authenticate('Alice', 'pässword', extensions)).toMatchObject({
      outcome: 'signed_in',
      sub,
      amr: ['pwd'],
    });
    expect(ask).toHaveBeenCalledOnce();
    expect(ask.mock.calls[0]?.[1]).not.toBe('pässword');
  });

  it.each([
    ['a name of the table has the password of the table and no second one', 'alice', 'of-the-other-alice'],
    ['a disabled user of the table has no way in through the hook', 'disabled', 'of-the-other'],
    ['a disabled user of the table has none by the table', 'disabled', 'pässword'],
    ['a wrong password is refused for somebody elsewhere', 'carol', 'wrong'],
    ['a wrong password is refused for a user of the table', 'alice', 'wrong'],
    ['a name that nobody has is refused', 'nobody', 'wrong'],
  ])('%s, after the same amount of work as for any other name', async (_what, username, password) => {
    store.take();
    expect(await authenticate(username, password, extensions)).toMatchObject({ outcome: 'refused' });
    expect(hashes).toBe(1);
    expect(ask).toHaveBeenCalledOnce();
    expect(store.take().map(({ operation }) => operation)).toEqual(['GetItem', 'GetItem']);
  });

  it('a subject that is disabled in the table is refused, whatever name leads to it', async () => {
    const { sub } = (await users.findByName('disabled'))!;
    const leads = { authenticateUser: async () => ({ sub }) };
    expect(await authenticate('nickname', 'any', leads)).toMatchObject({
      outcome: 'refused',
      reason: 'disabled user',
      sub,
    });
  });

  it.each([
    ['rejects', async () => Promise.reject(new Error('no directory'))],
    [
      'throws',
      () => {
        throw new Error('no directory');
      },
    ],
  ])('a hook that %s causes a fault for every name, unless the password is that of the table', async (_what, fail) => {
    const failing = { authenticateUser: fail };
    for (const username of ['alice', 'carol', 'nobody']) {
      await expect(authenticate(username, 'wrong', failing)).rejects.toThrow('no directory');
    }
    expect(await authenticate('alice', 'pässword', failing)).toMatchObject({ outcome: 'signed_in' });
  });

  it('guessing is delayed before table or hook is asked', async () => {
    for (let tries = 0; tries < 4; tries++) await authenticate('carol', 'wrong', extensions);
    ask.mockClear();
    hashes = 0;
    expect(await authenticate('carol', 'of-carol', extensions)).toMatchObject({ outcome: 'delayed' });
    expect(ask).not.toHaveBeenCalled();
    expect(hashes).toBe(0);
  });
});

describe('Attempts are counted by the person, not by the spelling:', () => {
  /** Ignores what directories ignore, and knows people by several names. */
  const directory: Record<string, string> = { carol: 'c', 'carol@example.com': 'c', dave: 'd' };
  const plain = (name: string) =>
    name
      .normalize('NFKD')
      .replace(/\p{M}|\p{C}|\p{Z}|\p{Default_Ignorable_Code_Point}/gu, '')
      .toLowerCase();
  const authenticateElsewhere = async (username: string, password: string) => {
    const sub = directory[plain(username)];
    return sub !== undefined && password === 'right' ? { sub } : undefined;
  };
  const silent = { authenticateUser: authenticateElsewhere };
  const telling = {
    authenticateUser: async (username: string, password: string) => {
      const sub = directory[plain(username)];
      return sub === undefined ? undefined : { sub, isWrong: password !== 'right' };
    },
  };
  const guessAll = async (names: readonly string[], extensions: object) => {
    const outcomes: string[] = [];
    for (const name of names) outcomes.push((await authenticate(name, 'wrong', extensions)).outcome);
    return outcomes;
  };
  const ALLOWED = Array(4).fill('refused');

  it.each<[string, (name: string) => string]>([
    ['capitals', (name) => name.toUpperCase()],
    ['spaces', (name) => ` ${name}\u3000`],
    ['full width', (name) => name.replace('a', 'ａ')],
    ['an accent', (name) => name.replace('a', 'á')],
    ['a soft hyphen', (name) => `${name.slice(0, 2)}\u00ad${name.slice(2)}`],
    ['a zero-width space', (name) => `${name.slice(0, 2)}\u200b${name.slice(2)}`],
    ['a word joiner', (name) => `\u2060${name}`],
    ['a direction mark', (name) => `${name}\u200f`],
    ['a variation selector', (name) => `${name}\ufe0f`],
    ['a tag', (name) => `${name}\u{e0041}`],
    ['a control character', (name) => `${name}\u0000`],
  ])('%s in the name of somebody elsewhere', async (_what, write) => {
    expect(await guessAll([...Array(3).fill('dave'), write('dave')], silent)).toEqual(ALLOWED);
    expect(await authenticate(write('dave'), 'right', silent)).toMatchObject({ outcome: 'delayed', seconds: 1 });
    expect(await authenticate('dave', 'right', silent)).toMatchObject({ outcome: 'delayed' });
  });

  it('the subject of a user of the table, whatever the name', async () => {
    expect(await guessAll(['alice', 'ALICE ', 'Ａlice', ' alice'], {})).toEqual(ALLOWED);
    expect(await authenticate('Alice', 'pässword')).toMatchObject({ outcome: 'delayed' });
    // A spelling that leads to nobody in the table counts for itself.
    expect(await authenticate('al\u00adice', 'pässword')).toMatchObject({ outcome: 'refused', reason: 'unknown user' });
  });

  it('the subject of a user of the table with two names', async () => {
    const two = (await createUser({ username: 'two', password: 'pässword', claims: {} }, { users, clock }))!;
    await users.reserveName('another', two.sub);
    expect(await guessAll(['two', 'another', 'two', 'another'], {})).toEqual(ALLOWED);
    for (const name of ['two', 'another']) {
      expect(await authenticate(name, 'pässword')).toMatchObject({ outcome: 'delayed', seconds: 1 });
    }
  });

  it('the subject that a directory tells, if it tells it for wrong passwords, too', async () => {
    const names = ['carol', 'carol@example.com', 'carol', 'carol@example.com'];
    expect(await guessAll(names, telling)).toEqual(ALLOWED);
    for (const name of ['carol', 'carol@example.com']) {
      expect(await authenticate(name, 'right', telling)).toMatchObject({ outcome: 'delayed', seconds: 1 });
    }
    advance(2);
    expect(await authenticate('carol', 'right', telling)).toMatchObject({ outcome: 'signed_in', sub: 'c' });
    expect(await guessAll(Array(4).fill('carol'), telling)).toEqual(ALLOWED);
  });

  it('as many requests, whether or not a directory knows the name or tells the subject', async () => {
    const counted = async (username: string, extensions: object) => {
      const attempts = createAttemptStore(world.table);
      const calls: string[] = [];
      const noting = {
        ...attempts,
        find(id: string) {
          calls.push('find');
          return attempts.find(id);
        },
        replace(...change: Parameters<typeof attempts.replace>) {
          calls.push('replace');
          return attempts.replace(...change);
        },
      };
      const origin = { address: '203.0.113.250' };
      await authenticateUser(username, 'wrong', origin, { clock, users, attempts: noting, extensions });
      return calls;
    };
    const known = await counted('dave', telling);
    for (const [name, extensions] of [
      ['dave', silent],
      ['nobody', telling],
      ['alice', telling],
    ] as const) {
      expect(await counted(name, extensions)).toEqual(known);
    }
  });
});

describe('The passwords that one client passes on', () => {
  it('are counted together, whatever the name and the address, and their delay stays short', async () => {
    const { freeAttempts, maxDelay } = attemptLimits.client;
    const origin = { client_id: 'legacy' };
    for (let tries = 0; tries <= freeAttempts; tries++) {
      expect(await authenticate(`name-${tries}`, 'wrong', {}, origin)).toMatchObject({ outcome: 'refused' });
    }
    let longest = 0;
    for (let round = 0; round < 6; round++) {
      const delayed = await authenticate(`other-${round}`, 'wrong', {}, origin);
      longest = delayed.outcome === 'delayed' ? delayed.seconds : 0;
      advance(longest);
      expect(await authenticate(`other-${round}`, 'wrong', {}, origin)).toMatchObject({ outcome: 'refused' });
    }
    expect(longest).toBe(maxDelay);
    expect(await authenticate('alice', 'pässword', {}, { client_id: 'another' })).toMatchObject({
      outcome: 'signed_in',
    });
  });
});

describe('A browser in which somebody signed in before', () => {
  const KNOWN = { deviceOf: () => 'the-device' };
  const guessFrom = async (times: number, origin: Partial<AttemptOrigin>) => {
    for (let tries = 0; tries < times; tries++) await authenticate('alice', 'wrong', {}, origin);
  };

  it('is not delayed by the guesses of others, at its address or elsewhere', async () => {
    const origin = { address: '203.0.113.251' };
    for (let tries = 0; tries < 52; tries++) await authenticate(`any-${tries}`, 'wrong', {}, origin);
    await guessFrom(4, origin);
    expect(await authenticate('alice', 'pässword', {}, origin)).toMatchObject({ outcome: 'delayed' });
    expect(await authenticate('alice', 'pässword', {}, { ...origin, ...KNOWN })).toMatchObject({
      outcome: 'signed_in',
    });
  });

  it('has a counter of its own, which delays guesses there and leaves the counter of the account alone', async () => {
    await guessFrom(4, KNOWN);
    expect(await authenticate('alice', 'pässword', {}, KNOWN)).toMatchObject({ outcome: 'delayed', seconds: 1 });
    expect(await authenticate('alice', 'pässword')).toMatchObject({ outcome: 'signed_in' });
    await guessFrom(4, {});
    advance(1);
    expect(await authenticate('alice', 'pässword', {}, KNOWN)).toMatchObject({ outcome: 'signed_in' });
    expect(await authenticate('alice', 'wrong')).toMatchObject({ outcome: 'refused' });
    expect(await authenticate('alice', 'pässword')).toMatchObject({ outcome: 'delayed', seconds: 2 });
  });

  it('is known for the account only that signed in there', async () => {
    const { knownBy } = await authenticate('alice', 'pässword');
    const deviceOf = (asked: string) => (asked === knownBy ? 'the-device' : undefined);
    await guessFrom(4, {});
    for (let tries = 0; tries < 4; tries++) await authenticate('expired', 'wrong');
    expect(await authenticate('ALICE', 'pässword', {}, { deviceOf })).toMatchObject({ outcome: 'signed_in' });
    expect(await authenticate('expired', 'pässword', {}, { deviceOf })).toMatchObject({ outcome: 'delayed' });
  });

  it('is known no more when the password has changed', async () => {
    await createUser({ username: 'changing', password: 'pässword', claims: {} }, { users, clock });
    const before = await authenticate('changing', 'pässword');
    const user = await users.findByName('changing');
    await users.replace({ ...user!, password: await hashPassword('another', clock()) }, 1);
    const after = await authenticate('changing', 'another');
    expect([before, after]).toMatchObject([{ outcome: 'signed_in' }, { outcome: 'signed_in' }]);
    expect(after.knownBy).not.toBe(before.knownBy);
    expect((await authenticate('Changing', 'another')).knownBy).toBe(after.knownBy);
  });
});

describe('The cost of a guess', () => {
  it('is the same for an unknown name', async () => {
    const cost = ({ hash }: { hash: string }) => hash.split('$').slice(0, 4);
    expect(cost(unmatchableSecret)).toEqual(cost(await importSecret('secret', 0)));
  });

  it('is two scrypt runs of 64 MB in deployed functions', async () => {
    // Here the tests replace the cost.
    const { N, r, p } = SCRYPT_COST;
    expect((await importSecret('secret', 0)).hash).toMatch(new RegExp(`^scrypt\\$${N}\\$${r}\\$${p}\\$`));
    expect(readFileSync(join(root, 'dist/token/index.cjs'), 'utf8')).toMatch(/\{N:65536,r:8,p:2\}/);
    if (!isLongRun) return;
    const { inputs } = (await analyseFunctions()).outputs['dist/token/index.cjs']!;
    expect(Object.keys(inputs)).toContain('lib/secrets/scrypt-cost.ts');
    const program = `
      import { importSecret, unmatchableSecret } from './lib/secrets/secret.ts';
      console.log(unmatchableSecret.hash, (await importSecret('secret', 0)).hash);`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    expect(stdout).toMatch(/^scrypt\$65536\$8\$2\$\S+ scrypt\$65536\$8\$2\$\S+\n$/);
  });
});

describe('A new user', () => {
  const bob = { username: 'Bob', password: 'secret', claims: { name: 'Bob' } };

  it('has a unique name, in any spelling', async () => {
    const user = await createUser(bob, { users, clock });
    expect(user).toMatchObject({ username: 'Bob', enabled: true, claims: { name: 'Bob' } });
    expect(await verifyPassword('secret', user?.password, clock)).toBe(true);
    for (const username of ['Bob', 'bob', 'BOB ', 'Ｂｏｂ']) {
      expect(await createUser({ ...bob, username }, { users, clock })).toBeUndefined();
    }
    expect(
      (await readList(world, listOfUsers())).filter(({ username }) => username.toLowerCase() === 'bob'),
    ).toHaveLength(1);
  });

  it('is added once when two concurrent requests add the same name', async () => {
    const made = await Promise.all([1, 2, 3].map(() => createUser({ ...bob, username: 'twin' }, { users, clock })));
    expect(made.filter(Boolean)).toHaveLength(1);
  });

  it.each([1, 2])('is added although answer %d to a write is lost', async (number) => {
    let writes = 0;
    const lost = once(faults['an answer lost after the fact']);
    store.behave((response, forward, request) => {
      const isIt = request.operation === 'PutItem' && ++writes === number;
      return isIt ? lost(response, forward, request) : onlyFor([], lost)(response, forward, request);
    });
    const username = `lost-${number}`;
    const user = await createUser({ ...bob, username }, { users, clock });
    store.behave();
    expect(await users.findByName(username)).toEqual(user);
    expect(user).toBeDefined();
  });

  it('can be added again after an interrupted attempt', async () => {
    await users.reserveName('half', 'the-sub');
    expect(await createUser({ ...bob, username: 'half' }, { users, clock })).toMatchObject({ sub: 'the-sub' });
  });
});
