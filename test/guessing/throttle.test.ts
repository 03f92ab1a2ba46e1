import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attemptLimits } from '../../lib/guessing/attempt-limits.ts';
import { networksOf } from '../../lib/guessing/network.ts';
import { addressCounters, counter, reserveAttempt } from '../../lib/guessing/throttle.ts';
import { normalizeUsername } from '../../lib/oauth/user.ts';
import { type AttemptStore, createAttemptStore } from '../../lib/store/attempt.ts';
import { scaled } from '../support/scale.ts';
import { createTestClock, startWorld, type World } from '../support/world.ts';

const { clock, advance } = createTestClock();

let world: World;
let attempts: AttemptStore;

beforeAll(async () => {
  world = await startWorld({}, clock);
  attempts = createAttemptStore(world.table);
});
afterAll(() => world.stop());

const MANY = scaled(15, 100);

let count = 0;
const fresh = () => ({ username: `user-${count++}`, address: `198.51.${count >> 8}.${count & 255}` });

/** One attempt: `taken`, or how long to wait. */
async function attempt({ username, address }: ReturnType<typeof fresh>, isRight = false): Promise<'taken' | number> {
  const decision = await reserveAttempt(
    [counter('account', normalizeUsername(username)), ...addressCounters(address)],
    {
      clock,
      attempts,
    },
  );
  if (!decision.isAllowed) return decision.seconds;
  if (isRight) await decision.succeeded();
  return 'taken';
}

/** Counts attempts from an address that went before, without the time that making them would take. */
async function countBefore(address: string, kind: 'address' | 'site' | 'provider', number: number): Promise<void> {
  await attempt({ ...fresh(), address });
  const id = addressCounters(address).find(({ limit }) => limit === attemptLimits[kind])!.id;
  await attempts.put(id, { ...(await attempts.find(id))!, attempts: number });
}

async function times(number: number, call: () => Promise<unknown>): Promise<unknown[]> {
  const results: unknown[] = [];
  for (let time = 0; time < number; time++) results.push(await call());
  return results;
}

describe('Signing in to an account', () => {
  it('has no delay after three failed attempts, and then a delay that doubles with each further one', async () => {
    const who = fresh();
    expect(await times(5, () => attempt(who))).toEqual(['taken', 'taken', 'taken', 'taken', 1]);
    const waits: number[] = [];
    for (let round = 0; round < 11; round++) {
      const wait = await attempt(who);
      waits.push(Number(wait));
      advance(Number(wait) - 1);
      expect(await attempt(who)).toBe(1);
      advance(1);
      expect(await attempt(who)).toBe('taken');
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
  });

  it.each([
    ['in capitals', (name: string) => name.toUpperCase()],
    ['with spaces', (name: string) => ` ${name} `],
    ['in full width', (name: string) => name.replace('user', 'ｕｓｅｒ')],
  ])('counts attempts with the name written %s as attempts with that name', async (_, write) => {
    const who = fresh();
    await times(4, () => attempt(who));
    expect(await attempt({ ...fresh(), username: write(who.username) })).toBe(1);
  });

  it('is delayed whatever addresses the attempts come from', async () => {
    const { username } = fresh();
    expect(await times(5, () => attempt({ ...fresh(), username }))).toEqual(['taken', 'taken', 'taken', 'taken', 1]);
  });

  it('has three attempts without delay again after the right password', async () => {
    const who = fresh();
    await times(3, () => attempt(who));
    expect(await attempt(who, true)).toBe('taken');
    expect(await times(5, () => attempt(who))).toEqual(['taken', 'taken', 'taken', 'taken', 1]);
  });

  it('has three attempts without delay again after an hour', async () => {
    const who = fresh();
    await times(4, () => attempt(who));
    advance(3601);
    expect(await times(5, () => attempt(who))).toEqual(['taken', 'taken', 'taken', 'taken', 1]);
  });

  it(`allows ${MANY} concurrent attempts no more than consecutive ones`, async () => {
    const { username } = fresh();
    const results = await Promise.all(Array.from({ length: MANY }, () => attempt({ ...fresh(), username })));
    expect(results.filter((result) => result === 'taken').length).toBeLessThanOrEqual(4);
    expect(results).toContain('taken');
  });
});

describe('An IPv6 address', () => {
  const limits = [
    ['/64', 'address', (n: number) => `2001:db8:a:b01::${n.toString(16)}`],
    ['/56', 'site', (n: number) => `2001:db8:a:c${(n % 256).toString(16).padStart(2, '0')}::1`],
    ['/48', 'provider', (n: number) => `2001:db8:b:${n.toString(16)}00::1`],
  ] as const;

  it.each(limits)('counts with its %s network, up to a limit of its own', async (_width, kind, address) => {
    const { freeAttempts, maxDelay } = attemptLimits[kind];
    await countBefore(address(1), kind, freeAttempts);
    expect(await attempt({ ...fresh(), address: address(2) })).toBe('taken');
    expect(await attempt({ ...fresh(), address: address(3) })).toBe(1);
    const waits: number[] = [];
    for (let round = 0; round < 8; round++) {
      const wait = Number(await attempt({ ...fresh(), address: address(4 + round) }));
      waits.push(wait);
      advance(wait);
      expect(await attempt({ ...fresh(), address: address(4 + round) })).toBe('taken');
    }
    expect(Math.max(...waits)).toBe(maxDelay);
    expect(await attempt({ ...fresh(), address: '2001:db8:ffff::1' })).toBe('taken');
  });

  it('gets its attempt back in every network for the right password', async () => {
    const address = '2001:db8:c:1::1';
    await attempt({ ...fresh(), address }, true);
    const counted = await Promise.all(addressCounters(address).map(({ id }) => attempts.find(id)));
    expect(counted.map((known) => known?.attempts)).toEqual([0, 0, 0]);
  });

  it('cannot be one of thousands of a network that guess at once', async () => {
    const results = await Promise.all(
      Array.from({ length: MANY }, (_, n) => attempt({ ...fresh(), address: `2001:db8:d:${n.toString(16)}::1` })),
    );
    expect(results.filter((result) => result === 'taken').length).toBeLessThan(MANY);
    expect(results).toContain('taken');
  });

  it.each([
    ['2001:db8:1:2::1', ['2001:db8:1:2', '2001:db8:1:0', '2001:db8:1']],
    ['2001:db8:1:ff34::1', ['2001:db8:1:ff34', '2001:db8:1:ff00', '2001:db8:1']],
    ['::1', ['0:0:0:0', '0:0:0:0', '0:0:0']],
    ['2001:0DB8::', ['2001:db8:0:0', '2001:db8:0:0', '2001:db8:0']],
    ['::ffff:c000:201', ['::ffff:c000:201']],
    ['::ffff:192.0.2.1', ['::ffff:192.0.2.1']],
    ['192.0.2.1', ['192.0.2.1']],
    ['', ['']],
  ])('%s is counted with %j', (address, networks) => {
    expect(networksOf(address).map(([, network]) => network)).toEqual(networks);
  });
});

describe('An address', () => {
  it('has fifty failed attempts without delay over all names, and then a delay of at most a minute', async () => {
    const { address } = fresh();
    expect(new Set(await times(51, () => attempt({ ...fresh(), address })))).toEqual(new Set(['taken']));
    const waits: number[] = [];
    for (let round = 0; round < 9; round++) {
      const wait = Number(await attempt({ ...fresh(), address }));
      waits.push(wait);
      advance(wait);
      expect(await attempt({ ...fresh(), address })).toBe('taken');
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it('is not charged for an attempt with the right password', async () => {
    const { address } = fresh();
    await countBefore(address, 'address', 45);
    await times(10, () => attempt({ ...fresh(), address }, true));
    await times(5, () => attempt({ ...fresh(), address }));
    expect(await attempt({ ...fresh(), address }, true)).toBe('taken');
    expect(await attempt({ ...fresh(), address })).toBe('taken');
    expect(await attempt({ ...fresh(), address })).toBe(1);
  });

  it.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff::2', true],
    ['2001:db8:1:2:0:0:0:1', '2001:0DB8:0001:0002::9', true],
    ['2001:db8::1', '2001:db8:0:0:1::', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', false],
    ['192.0.2.50', '192.0.2.51', false],
  ])('%s and %s count as the same address: %s', async (one, other, isSame) => {
    await countBefore(one, 'address', attemptLimits.address.freeAttempts);
    expect(await attempt({ ...fresh(), address: one })).toBe('taken');
    expect((await attempt({ ...fresh(), address: other })) === 1).toBe(isSame);
    advance(4_000);
  });
});

it('Attempts leave neither names nor addresses in the table', async () => {
  const who = { username: 'somebody', address: '203.0.113.77' };
  await attempt(who);
  const items = JSON.stringify(await world.table.scan('ATTEMPTS'));
  expect(items).not.toContain(who.username);
  expect(items).not.toContain(who.address);
});
