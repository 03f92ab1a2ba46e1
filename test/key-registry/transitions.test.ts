// What may become of a key, and when: the registry as a pure function of it.
import { describe, expect, it } from 'vitest';
import type { KeyOrigin, KeyRegistry, KeyStatus, NewKey, RegisteredKey } from '../../lib/key-registry/registry.ts';
import { algorithmsOfDueKeys, rotate } from '../../lib/key-registry/rotation.ts';
import { activateKey, addKey, compromiseKey, KeyRefusal, retireKey } from '../../lib/key-registry/transitions.ts';
import type { AlgorithmName } from '../../lib/keys/algorithm.ts';

const T = 1_800_000_000;
const DAY = 86_400;
const policy = { jwksCache: 7200, maxLifetime: DAY };
const ACTIVATION = 7200 + 60;
const WITHDRAWAL = 60 + DAY + 300;

const newKey = (kid: string, alg: AlgorithmName = 'ES256', type: 'environment' | 'wrapped' = 'environment'): NewKey => {
  const origin: KeyOrigin = type === 'wrapped' ? { type, key_id: 'arn', private_key: '' } : { type };
  return { kid, alg, jwk: { kty: 'EC', kid, alg, use: 'sig' }, origin };
};
const key = (kid: string, status: KeyStatus, more: Partial<RegisteredKey> = {}): RegisteredKey => ({
  ...newKey(kid),
  status,
  published_at: T,
  ...more,
});
const of = (...keys: RegisteredKey[]): KeyRegistry => ({ keys });

/** `kid status` for each key, in order. */
const summary = ({ keys }: KeyRegistry) => keys.map(({ kid, status }) => `${kid} ${status}`);

/** What became of it, or why nothing did. */
function outcome(change: () => KeyRegistry) {
  try {
    return summary(change());
  } catch (error) {
    if (!(error instanceof KeyRefusal)) throw error;
    const { code, kid, possibleFrom } = error;
    return { code, kid, ...(possibleFrom !== undefined && { possibleFrom: possibleFrom - T }) };
  }
}

describe('Adding', () => {
  it('the first key lets it sign at once', () => {
    expect(addKey(undefined, newKey('a'), T).keys).toEqual([key('a', 'active', { activated_at: T })]);
  });

  it('another key publishes it', () => {
    expect(summary(addKey(of(key('a', 'active')), newKey('b'), T))).toEqual(['a active', 'b next']);
  });

  it('a key with an existing kid is refused, even if that key is retired', () => {
    expect(outcome(() => addKey(of(key('a', 'retired')), newKey('a'), T))).toEqual({ code: 'known_key', kid: 'a' });
  });

  it.each([
    [90 * DAY - 1, ['a retired', 'b next']],
    [90 * DAY, ['b next']],
  ])('a key %i s after another one was retired leaves the keys %j', (age, left) => {
    expect(summary(addKey(of(key('a', 'retired', { retired_at: T })), newKey('b'), T + age))).toEqual(left);
  });
});

describe('A key can be activated', () => {
  const registry = of(key('a', 'active'), key('b', 'next'));
  const activate = (age: number, force = false) =>
    outcome(() => activateKey(registry, 'b', policy, { now: T + age, force }));
  const refused = { code: 'too_early', kid: 'b', possibleFrom: ACTIVATION };
  const done = ['b active', 'a retiring'];

  it.each([
    [0, false, refused],
    [7200, false, refused],
    [ACTIVATION - 1, false, refused],
    [ACTIVATION, false, done],
    [ACTIVATION + DAY, false, done],
    [0, true, done],
  ] as const)('%i s after it was published, with force: %s', (age, force, expected) => {
    expect(activate(age, force)).toEqual(expected);
  });

  it.each(['active', 'retiring', 'retired'] as const)('not when it is %s', (status) => {
    const other = of(key('a', 'active'), key('b', status));
    expect(outcome(() => activateKey(other, 'b', policy, { now: T + DAY, force: true }))).toEqual({
      code: 'wrong_status',
      kid: 'b',
    });
  });

  it('not when it does not exist', () => {
    expect(outcome(() => activateKey(registry, 'c', policy, { now: T }))).toEqual({ code: 'unknown_key', kid: 'c' });
  });
});

describe('A key that is activated', () => {
  const rsa = { alg: 'RS256' } as const;
  it.each<[string, RegisteredKey[], string[]]>([
    [
      'takes the place of the one of its algorithm, and of no other',
      [key('a', 'active'), key('r', 'active', rsa), key('b', 'next')],
      ['b active', 'a retiring', 'r active'],
    ],
    [
      'does not become the first because it came first',
      [key('b', 'next'), key('r', 'active', rsa), key('a', 'active')],
      ['r active', 'b active', 'a retiring'],
    ],
    [
      'stays where it stands if it is the first of its algorithm',
      [key('r', 'active', rsa), key('b', 'next')],
      ['r active', 'b active'],
    ],
  ])('%s', (_name, keys, expected) => {
    expect(outcome(() => activateKey(of(...keys), 'b', policy, { now: T + DAY }))).toEqual(expected);
  });
});

describe('A key can be withdrawn', () => {
  const registry = of(key('a', 'active'), key('b', 'retiring', { retiring_at: T }));
  const refused = { code: 'too_early', kid: 'b', possibleFrom: WITHDRAWAL };
  const done = ['a active', 'b retired'];

  it.each([
    [0, false, refused],
    [WITHDRAWAL - 1, false, refused],
    [WITHDRAWAL, false, done],
    [0, true, done],
  ] as const)('%i s after it stopped signing, with force: %s', (age, force, expected) => {
    expect(outcome(() => retireKey(registry, 'b', policy, { now: T + age, force }))).toEqual(expected);
  });

  it.each<[string, RegisteredKey[], object]>([
    ['a key in state next is withdrawn at any time', [key('a', 'active'), key('b', 'next')], ['a active', 'b retired']],
    ['the only key that signs is not retired', [key('b', 'active')], { code: 'only_active_key', kid: 'b' }],
    ['one of two keys that sign stops signing', [key('a', 'active'), key('b', 'active')], ['a active', 'b retiring']],
    [
      'a retired key cannot be retired again',
      [key('a', 'active'), key('b', 'retired')],
      { code: 'wrong_status', kid: 'b' },
    ],
  ])('%s', (_name, keys, expected) => {
    expect(outcome(() => retireKey(of(...keys), 'b', policy, { now: T }))).toEqual(expected);
  });

  it('but not if it is the only key that signs, even with force', () => {
    const alone = () => retireKey(of(key('b', 'active')), 'b', policy, { now: T, force: true });
    expect(outcome(alone)).toEqual({ code: 'only_active_key', kid: 'b' });
  });
});

describe('A key that is compromised', () => {
  const next = (kid: string, age: number, more = {}) => key(kid, 'next', { published_at: T - age, ...more });
  it.each<[string, RegisteredKey[], string | undefined, string[]]>([
    ['is replaced', [key('a', 'active'), next('b', 1)], undefined, ['b active', 'a retired']],
    ['by the oldest', [key('a', 'active'), next('b', 1), next('c', 2)], undefined, ['c active', 'a retired', 'b next']],
    ['by the named', [key('a', 'active'), next('b', 1), next('c', 2)], 'b', ['b active', 'a retired', 'c next']],
    [
      'by none of another algorithm',
      [key('a', 'active'), next('b', 1, { alg: 'RS256' })],
      undefined,
      ['a retired', 'b next'],
    ],
    [
      'by one of another algorithm if it is named, which then retires its own',
      [key('a', 'active'), key('r', 'active', { alg: 'RS256' }), next('b', 1, { alg: 'RS256' })],
      'b',
      ['b active', 'a retired', 'r retiring'],
    ],
    ['is gone even if it signs alone', [key('a', 'active')], undefined, ['a retired']],
    ['is gone while it waits', [key('a', 'next'), next('b', 1)], undefined, ['a retired', 'b next']],
    ['is gone while it retires', [key('a', 'retiring'), next('b', 1)], undefined, ['a retired', 'b next']],
  ])('%s', (_name, keys, replacement, expected) => {
    const { registry, successor } = compromiseKey(of(...keys), 'a', { now: T, replacement });
    expect(summary(registry)).toEqual(expected);
    expect(registry.keys.find(({ kid }) => kid === 'a')).toMatchObject({ compromised_at: T, retired_at: T });
    expect(registry.keys.find(({ kid }) => kid === successor?.kid)?.status).toBe(successor && 'active');
  });

  it('cannot be compromised twice: the second time changes nothing', () => {
    const once = compromiseKey(of(key('a', 'active'), next('b', 1)), 'a', { now: T }).registry;
    expect(compromiseKey(once, 'a', { now: T + 5 })).toEqual({ registry: once });
  });

  it.each([
    ['c', 'unknown_key'],
    ['r', 'wrong_status'],
  ])('is not replaced by %s', (replacement, code) => {
    const registry = of(key('a', 'active'), key('r', 'retiring'));
    const change = () => compromiseKey(registry, 'a', { now: T, replacement }).registry;
    expect(outcome(change)).toEqual({ code, kid: replacement });
  });
});

describe('The scheduled rotation, with', () => {
  const PERIOD = 90 * DAY;
  const rotation = { ...policy, period: PERIOD, algorithms: ['PS256', 'RS256'] } as const;
  const signing = (age: number, more: Partial<RegisteredKey> = {}) =>
    key('a', 'active', { ...newKey('a', 'ES256', 'wrapped'), activated_at: T - age, ...more });
  const waiting = (age: number, more: Partial<RegisteredKey> = {}) =>
    key('b', 'next', { published_at: T - age, ...more });
  const ending = (age: number) => key('c', 'retiring', { retiring_at: T - age });

  const cases: [string, RegisteredKey[], string[], readonly string[]][] = [
    ['a young key', [signing(PERIOD - 1)], ['a active'], []],
    ['an old key', [signing(PERIOD)], ['a active'], ['ES256']],
    [
      'two old keys',
      [signing(PERIOD), signing(PERIOD, newKey('d', 'RS256', 'wrapped'))],
      ['a active', 'd active'],
      ['ES256', 'RS256'],
    ],
    [
      'two old keys, one with a successor',
      [signing(PERIOD), signing(PERIOD, newKey('d', 'RS256', 'wrapped')), waiting(0)],
      ['a active', 'd active', 'b next'],
      ['RS256'],
    ],
    ['an old key that somebody else keeps', [signing(PERIOD, newKey('a'))], ['a active'], []],
    ['a successor too early', [signing(PERIOD), waiting(ACTIVATION - 1)], ['a active', 'b next'], []],
    ['a successor in time', [signing(PERIOD), waiting(ACTIVATION)], ['b active', 'a retiring'], []],
    ['a reserve', [signing(0), waiting(DAY)], ['a active', 'b next'], []],
    ['a new algorithm', [signing(0), waiting(DAY, newKey('b', 'RS256'))], ['a active', 'b active'], []],
    ['an end too early', [signing(0), ending(WITHDRAWAL - 1)], ['a active', 'c retiring'], []],
    ['an end in time', [signing(0), ending(WITHDRAWAL)], ['a active', 'c retired'], []],
    ['all at once', [signing(PERIOD), waiting(DAY), ending(2 * DAY)], ['b active', 'a retiring', 'c retired'], []],
    ['nothing that signs', [key('a', 'retired', { retired_at: T })], ['a retired'], ['PS256', 'RS256']],
    ['nothing that signs yet', [waiting(0)], ['b next'], []],
  ];
  const outcome = (keys: string[], needed: readonly string[]) =>
    `results in ${keys.join(', ')} and asks for ${needed.join(' and ') || 'no'} new key`;
  it.each(
    cases.map(([name, keys, expected, needed]) => [name, outcome(expected, needed), keys, expected, needed] as const),
  )('%s, %s', (_name, _outcome, keys, expected, needed) => {
    const registry = of(...keys);
    const rotated = rotate(registry, rotation, T);
    expect(summary(rotated)).toEqual(expected);
    expect(algorithmsOfDueKeys(rotated, rotation, T)).toEqual(needed);
    // Once is enough.
    expect(rotate(rotated, rotation, T)).toBe(rotated);
    if (summary(registry).join() === expected.join()) expect(rotated).toBe(registry);
  });
});
