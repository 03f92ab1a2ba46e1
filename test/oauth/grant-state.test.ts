import { describe, expect, it } from 'vitest';
import {
  applyTransition,
  type GrantState,
  redeem,
  rotate,
  undoRedemption,
  undoRotation,
  whyNotRedeemed,
  whyNotRotated,
} from '../../lib/oauth/grant-state.ts';

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

const common = { client_id: 'web', now: NOW, idle_until: NOW + 1_000, resources: [] };
const redemption = (request: string) => ({
  ...common,
  request,
  redirect_uri: 'https://app.example/callback',
  code_challenge: 'challenge',
});
const refresh = (request: string) => ({ ...common, request, generation: 0, scope: [] });
const active = applyTransition(grant, redeem(redemption('first')))!;

// Whoever came between the two found the step made, and reads the grant back when it is no longer.
describe('a step that another request made and took back', () => {
  it('of a code can be made again, and is no refusal', () => {
    expect(whyNotRedeemed(applyTransition(active, undoRedemption('first')), redemption('second'))).toBe('undone');
  });

  it('of a refresh token can be made again, and is no refusal', () => {
    const rotated = applyTransition(active, rotate(refresh('first')))!;
    const undone = applyTransition(rotated, undoRotation(refresh('first')));
    expect(whyNotRotated(undone, refresh('second'), 10)).toBe('undone');
    expect(applyTransition(undone!, rotate(refresh('second')))?.generation).toBe(1);
  });
});
