// Every order in which the steps of a few requests can be made on one grant: see support/grant-worlds.ts.
import { describe, expect, it } from 'vitest';
import { redeem, revoke, rotate, type Transition } from '../../lib/oauth/grant-state.ts';
import {
  beginnings,
  explore,
  type Machine,
  machine,
  OWNER,
  redemptionOf,
  refreshOf,
  Violation,
} from '../support/grant-worlds.ts';
import { scaled } from '../support/scale.ts';

/** Three requests make a hundred times as many worlds as two, but no rule is known that only they show to be broken. */
const most = scaled(2, 3);

/** From where, with what reuse interval, and for how many requests every order is tried. */
const explorations: readonly [keyof typeof beginnings, number, number][] = [
  ['a code', 0, most],
  ['a code', 1, most],
  ['a refresh token', 0, most],
  ['a refresh token', 1, most],
  ['a refresh token that was not used for long', 0, 2],
  ['a grant without refresh tokens', 0, 2],
  ['nothing', 0, 2],
];

describe('whatever the order of steps, nobody gets what is not theirs, and a grant that has ended stays so', () => {
  it.each(explorations)('from %s, with a reuse interval of %i s and %i requests', (name, reuseInterval, requests) => {
    expect(explore(beginnings[name], reuseInterval, requests)).toBeGreaterThan(1_000);
  });
});

describe('some order breaks a rule without the clause', () => {
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
    redeem: redeem(redemption),
    rotate: rotate(refresh),
    revoke: { when: [...revoke('', 0).when, ...revoke('', 0, 'app').when] },
  };
  const cases = (Object.keys(all) as (keyof Machine)[]).flatMap((name) =>
    [...new Set(all[name].when.map(({ attribute }) => attribute))].map((attribute) => [name, attribute] as const),
  );

  it.each(cases)('of %s about %s', (name, attribute) => {
    const broken: Machine = { ...machine, [name]: without(attribute, machine[name] as never) };
    const isCaught = ([beginning, reuseInterval]: (typeof explorations)[number], requests: number) => {
      try {
        explore(beginnings[beginning], reuseInterval, requests, broken);
        return false;
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        return true;
      }
    };
    expect([1, 2].some((requests) => explorations.some((each) => isCaught(each, requests)))).toBe(true);
  });
});
