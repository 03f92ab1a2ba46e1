// Every order in which the steps of a few requests can be made on one grant: see support/grant-worlds.ts.
import { describe, expect, it } from 'vitest';
import {
  redemptionTransition,
  revocationTransition,
  rotationTransition,
  type Transition,
} from '../../lib/oauth/grant-state.ts';
import {
  anyRequests,
  beginnings,
  explore,
  type Machine,
  machine,
  OWNER,
  redemptionOf,
  refreshOf,
  repeatedRequests,
  Violation,
} from '../support/grant-worlds.ts';
import { isLongRun, sampled } from '../support/scale.ts';

/** From where, and with what reuse interval in seconds, every order is tried. */
const starts: readonly [keyof typeof beginnings, number][] = [
  ['a code', 0],
  ['a code', 1],
  ['a refresh token', 0],
  ['a refresh token', 1],
  ['a refresh token that was not used for long', 0],
  ['a grant without refresh tokens', 0],
  ['nothing', 0],
];

describe('In every interleaving of requests, no rule about grants is broken:', () => {
  it.each(starts)(
    'starting with %s, with a reuse interval of %i s and two requests of any kind',
    (name, reuseInterval) => {
      expect(explore(beginnings[name], reuseInterval, anyRequests(2))).toBeGreaterThan(1_000);
    },
  );

  // Of any kind, three make a hundred times as many orders as two.
  const [kinds, three] = isLongRun ? ['of any kind', anyRequests(3)] : ['that repeat', repeatedRequests(3)];
  it.each(sampled(starts.slice(0, 4), 3))(
    `from %s, with a reuse interval of %i s and three requests ${kinds}`,
    (name, reuseInterval) => {
      expect(explore(beginnings[name], reuseInterval, three)).toBeGreaterThan(10_000);
    },
  );
});

describe('Some interleaving breaks a rule without the condition', () => {
  const without =
    <Args extends unknown[]>(attribute: string, make: (...args: Args) => Transition) =>
    (...args: Args): Transition => {
      const { when, set } = make(...args);
      return { when: when.filter((clause) => clause.attribute !== attribute), set };
    };
  const redemption = redemptionOf({
    call: { by: OWNER, kind: 'redeem', resources: ['x'] },
    id: '',
    now: 0,
    next: 'write',
  });
  const refresh = refreshOf({
    call: { by: OWNER, kind: 'refresh', scope: ['x'], resources: ['x'] },
    id: '',
    now: 0,
    next: 'write',
  });
  const all = {
    redeem: redemptionTransition(redemption),
    rotate: rotationTransition(refresh),
    revoke: { when: [...revocationTransition('', 0).when, ...revocationTransition('', 0, 'app').when] },
  };
  const cases = (Object.keys(all) as (keyof Machine)[]).flatMap((name) =>
    [...new Set(all[name].when.map(({ attribute }) => attribute))].map((attribute) => [name, attribute] as const),
  );

  it.each(cases)('of %s about %s', (name, attribute) => {
    const broken: Machine = { ...machine, [name]: without(attribute, machine[name] as never) };
    const isCaught = ([beginning, reuseInterval]: (typeof starts)[number], count: number) => {
      try {
        explore(beginnings[beginning], reuseInterval, anyRequests(count), broken);
        return false;
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        return true;
      }
    };
    expect([1, 2].some((count) => starts.some((each) => isCaught(each, count)))).toBe(true);
  });
});
