import { describe, expect, it } from 'vitest';
import {
  applyTransition,
  confirmRotationTransition,
  type GrantState,
  type Redemption,
  redemptionTransition,
  revocationTransition,
  rotationTransition,
  type Transition,
  undoRedemptionTransition,
  undoRotationTransition,
} from '../../lib/oauth/grant-state.ts';
import { whyNotRedeemed, whyNotRotated } from '../../lib/oauth/transition-failure.ts';

const NOW = 1_800_000_000;

const grant: GrantState = {
  grant_id: 'grant',
  state: 'code',
  client_id: 'web',
  sub: 'alice',
  scope: ['read'],
  resources: ['orders'],
  issued_at: NOW,
  redirect_uri: 'https://app.example/callback',
  code_challenge: 'challenge',
  code_expires_at: NOW + 60,
  generation: 0,
  rotated_at: NOW,
  offline: true,
  ends_at: NOW + 1_000,
  idle_until: NOW + 1_000,
  transition: 'none',
  expires_at: NOW + 2_000,
};

const { code_challenge: _, ...withoutChallenge } = grant;

const common = { client_id: 'web', now: NOW, idle_until: NOW + 1_000, resources: [] };
const redemption = (request: string): Redemption => ({
  ...common,
  request,
  redirect_uri: 'https://app.example/callback',
  code_challenge: 'challenge',
});
const refresh = (request: string) => ({ ...common, request, generation: 0, scope: [] });
const active = applyTransition(grant, redemptionTransition(redemption('first')))!;

// A second request failed its clause between the two, and reads the grant after the transition was undone.
describe('A transition that another request made and undid', () => {
  it('with a code can be made again', () => {
    expect(whyNotRedeemed(applyTransition(active, undoRedemptionTransition('first')), redemption('second'))).toBe(
      'undone',
    );
  });

  it('with a refresh token can be made again', () => {
    const rotated = applyTransition(active, rotationTransition(refresh('first')))!;
    const undone = applyTransition(rotated, undoRotationTransition(refresh('first')));
    expect(whyNotRotated(undone, refresh('second'), 10)).toBe('undone');
    expect(applyTransition(undone!, rotationTransition(refresh('second')))?.generation).toBe(1);
  });
});

describe('A code that is presented again with its verifier', () => {
  const again = (seconds: number, more: Partial<ReturnType<typeof redemption>> = {}) => ({
    ...redemption('second'),
    now: NOW + seconds,
    ...more,
  });

  it.each<[string, GrantState, ReturnType<typeof again>, string]>([
    ['at once', active, again(0), 'repeated'],
    ['two seconds later', active, again(2), 'repeated'],
    ['by a container whose clock is behind', active, again(-1), 'repeated'],
    ['by a container whose clock is a minute behind', active, again(-60), 'reused'],
    ['without redirect URI, at once', active, again(0, { redirect_uri: undefined }), 'repeated'],
    ['three seconds later', active, again(3), 'reused'],
    ['at once, after a refresh', { ...active, generation: 1 }, again(0), 'reused'],
    ['at once, after a refresh that was taken back', { ...active, rotated_at: 0 }, again(0), 'reused'],
    ['at once, of a grant that was revoked', { ...active, state: 'revoked' }, again(0), 'reused'],
    ['at once, with a wrong verifier', active, again(0, { code_challenge: 'other' }), 'refused'],
    ['at once, by another client', active, again(0, { client_id: 'other' }), 'refused'],
  ])('%s', (_name, found, request, outcome) => {
    expect(whyNotRedeemed(found, request)).toBe(outcome);
  });

  it('counts as reused at once where there is no verifier', () => {
    const unbound = { ...withoutChallenge, state: 'active' as const, transition: 'first' };
    expect(whyNotRedeemed(unbound, { ...redemption('second'), code_challenge: undefined })).toBe('reused');
  });
});

const LATER = NOW + 100;
const later = { now: LATER, idle_until: LATER + 500 };
const rotated: GrantState = { ...active, generation: 1, rotated_at: LATER, transition: 'second' };

/** A grant, a transition of it, and all that the transition changes. */
const transitions: readonly [string, GrantState, Transition, Partial<GrantState>][] = [
  [
    'a redemption makes the first generation good, from now on and for the idle lifetime',
    { ...grant, generation: 7 },
    redemptionTransition({ ...redemption('first'), ...later, now: NOW + 59 }),
    { state: 'active', generation: 0, rotated_at: NOW + 59, idle_until: LATER + 500, transition: 'first' },
  ],
  [
    'a redemption with a verifier needs no redirect URI',
    grant,
    redemptionTransition({ ...redemption('first'), redirect_uri: undefined }),
    { state: 'active', transition: 'first' },
  ],
  [
    'a redemption needs no redirect URI where the request had none',
    { ...withoutChallenge, redirect_uri_omitted: true },
    redemptionTransition({ ...redemption('first'), redirect_uri: undefined, code_challenge: undefined }),
    { state: 'active', transition: 'first' },
  ],
  ['a redemption taken back makes the code good again', active, undoRedemptionTransition('first'), { state: 'code' }],
  [
    'a rotation makes the next generation good, from now on and for the idle lifetime',
    active,
    rotationTransition({ ...refresh('second'), ...later }),
    { generation: 1, rotated_at: LATER, idle_until: LATER + 500, transition: 'second' },
  ],
  [
    'a rotation taken back makes its generation good again, and leaves the one before it no time for retries',
    rotated,
    undoRotationTransition(refresh('second')),
    { generation: 0, rotated_at: 0 },
  ],
  [
    'a confirmed rotation bears the name of the retry',
    rotated,
    confirmRotationTransition(refresh('third')),
    { transition: 'third' },
  ],
  [
    'a revocation ends the grant',
    rotated,
    revocationTransition('fourth', LATER),
    { state: 'revoked', revoked_at: LATER, transition: 'fourth' },
  ],
];

describe('A transition of a grant:', () => {
  it.each(transitions)('%s, and changes nothing else', (_name, before, transition, changes) => {
    expect(applyTransition(before, transition)).toEqual({ ...before, ...changes });
  });
});

const take = (request: string) => redemptionTransition(redemption(request));
const other = 'other';

/** A transition, and a grant that keeps it from being made. */
const refused: readonly [string, Transition, GrantState][] = [
  ['a second redemption', take('second'), { ...grant, state: 'active' }],
  ['a redemption of a grant that was revoked', take('first'), { ...grant, state: 'revoked' }],
  ["a redemption of somebody else's code", take('first'), { ...grant, client_id: other }],
  ['a redemption for another redirect URI', take('first'), { ...grant, redirect_uri: other }],
  ['a redemption with another verifier', take('first'), { ...grant, code_challenge: other }],
  [
    'a redemption without redirect URI and verifier',
    redemptionTransition({ ...redemption('first'), redirect_uri: undefined, code_challenge: undefined }),
    { ...withoutChallenge, redirect_uri_omitted: false },
  ],
  [
    'a redemption with another redirect URI than the one that was left out',
    redemptionTransition({ ...redemption('first'), redirect_uri: other }),
    { ...grant, redirect_uri_omitted: true },
  ],
  [
    'a redemption without a verifier',
    redemptionTransition({ ...redemption('first'), code_challenge: undefined }),
    grant,
  ],
  ['a redemption of a code that expires now', take('first'), { ...grant, code_expires_at: NOW }],
  [
    'a redemption for an API too many',
    redemptionTransition({ ...redemption('first'), resources: ['orders', other] }),
    grant,
  ],
  ['taking back a redemption that was taken back', undoRedemptionTransition('first'), { ...active, state: 'code' }],
  [
    'taking back a redemption of a grant that was revoked',
    undoRedemptionTransition('first'),
    { ...active, state: 'revoked' },
  ],
  ["taking back somebody else's redemption", undoRedemptionTransition('first'), { ...active, transition: other }],
  ['a rotation before the redemption', rotationTransition(refresh('second')), { ...active, state: 'code' }],
  ['a rotation of a grant that was revoked', rotationTransition(refresh('second')), { ...active, state: 'revoked' }],
  [
    "a rotation of somebody else's refresh token",
    rotationTransition(refresh('second')),
    { ...active, client_id: other },
  ],
  [
    'a rotation where there are no refresh tokens',
    rotationTransition(refresh('second')),
    { ...active, offline: false },
  ],
  [
    'a rotation at the end of the absolute lifetime',
    rotationTransition(refresh('second')),
    { ...active, ends_at: NOW },
  ],
  ['a rotation at the end of the idle lifetime', rotationTransition(refresh('second')), { ...active, idle_until: NOW }],
  ['a rotation of the generation before', rotationTransition(refresh('second')), { ...active, generation: 1 }],
  ['a rotation for a scope too many', rotationTransition({ ...refresh('second'), scope: ['read', other] }), active],
  [
    'a rotation for an API too many',
    rotationTransition({ ...refresh('second'), resources: ['orders', other] }),
    active,
  ],
  ['taking back a rotation of a code', undoRotationTransition(refresh('second')), { ...rotated, state: 'code' }],
  [
    'taking back a rotation of a grant that was revoked',
    undoRotationTransition(refresh('second')),
    { ...rotated, state: 'revoked' },
  ],
  [
    "taking back somebody else's rotation",
    undoRotationTransition(refresh('second')),
    { ...rotated, transition: other },
  ],
  ['confirming a rotation of a code', confirmRotationTransition(refresh('third')), { ...rotated, state: 'code' }],
  [
    'confirming a rotation of a grant that was revoked',
    confirmRotationTransition(refresh('third')),
    { ...rotated, state: 'revoked' },
  ],
  [
    'confirming a rotation that was taken back',
    confirmRotationTransition(refresh('third')),
    { ...rotated, generation: 0 },
  ],
  ['a second revocation', revocationTransition('fourth', LATER), { ...active, state: 'revoked' }],
  [
    "a revocation of another client's grant",
    revocationTransition('fourth', LATER, 'web'),
    { ...active, client_id: other },
  ],
];

describe('A grant is not changed by', () => {
  it.each(refused)('%s', (_name, transition, found) => {
    expect(applyTransition(found, transition)).toBeUndefined();
  });
});
