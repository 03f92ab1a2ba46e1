import { type Clause, clauseHolds } from '../clause.ts';

// The state machine of a grant: code -> active, generation 0 -> 1 -> ... -> revoked. docs/design.md section 4. It is pure: the
// store makes one conditional write of a transition's clauses and attributes, and tests run through every interleaving.

/** Times are seconds since the epoch. */
export interface GrantState {
  readonly grant_id: string;
  readonly state: 'code' | 'active' | 'revoked';
  readonly client_id: string;
  readonly sub: string;
  /** These never change: a refresh for fewer leaves the rest for the next refresh. */
  readonly scope: readonly string[];
  readonly resources: readonly string[];
  readonly issued_at: number;
  readonly redirect_uri?: string;
  /** The authorization request had none, as the client has only one. RFC 6749 section 3.1.2.3 */
  readonly redirect_uri_omitted?: boolean;
  /** RFC 7636 section 4.2 */
  readonly code_challenge?: string;
  readonly code_expires_at: number;
  readonly generation: number;
  readonly rotated_at: number;
  readonly offline: boolean;
  /** No refresh from this time on. */
  readonly ends_at: number;
  /** Each refresh extends it. */
  readonly idle_until: number;
  /** The random id of the request that made the last transition. */
  readonly transition: string;
  readonly revoked_at?: number;
  /** For ID tokens, as are the next three. OpenID Connect Core section 2 */
  readonly auth_time?: number;
  readonly amr?: readonly string[];
  readonly sid?: string;
  readonly nonce?: string;
  /** When the subject gave the consent that the grant came from; absent = nobody was asked, or a grant of version 0.1.0. */
  readonly consented_at?: number;
  /** Of the session that the grant ends with; absent = it does not. */
  readonly root_sid?: string;
  /** JSON. OpenID Connect Core section 5.5 */
  readonly claims?: string;
  /**
   * Seconds: no access token of the grant has a longer one. It never changes, so the entry that ends the grant lives no longer than its
   * tokens. Absent in grants of version 0.1.0, whose tokens may have the longest lifetime of all.
   */
  readonly access_token_lifetime?: number;
  /** When everything issued from the grant has expired. */
  readonly expires_at: number;
}

type GrantClause = Clause<keyof GrantState>;

export interface Transition {
  readonly when: readonly GrantClause[];
  readonly set: Partial<GrantState>;
}

export const applyTransition = (grant: GrantState, { when, set }: Transition): GrantState | undefined =>
  when.every((clause) => clauseHolds(grant, clause)) ? { ...grant, ...set } : undefined;

/** RFC 6749 section 4.1.3, RFC 7636 section 4.5 */
export interface Redemption {
  readonly request: string;
  readonly client_id: string;
  readonly redirect_uri: string | undefined;
  readonly code_challenge: string | undefined;
  /** Empty = all of the grant, as in `Refresh`. RFC 8707 section 2.2 */
  readonly resources: readonly string[];
  readonly now: number;
  readonly idle_until: number;
}

/** With PKCE, the redirect URI proves nothing more, so only one that was sent is compared. OAuth 2.1 section 10.2 */
const redirectUriProofs = ({ redirect_uri, code_challenge }: Redemption): GrantClause[] => {
  if (redirect_uri !== undefined) return [{ attribute: 'redirect_uri', test: 'equals', value: redirect_uri }];
  return code_challenge === undefined ? [{ attribute: 'redirect_uri_omitted', test: 'equals', value: true }] : [];
};

const proofs = (redemption: Redemption): GrantClause[] => [
  ...redirectUriProofs(redemption),
  redemption.code_challenge === undefined
    ? { attribute: 'code_challenge', test: 'absent' }
    : { attribute: 'code_challenge', test: 'equals', value: redemption.code_challenge },
];

const unexpired = ({ now }: Redemption): GrantClause => ({
  attribute: 'code_expires_at',
  test: 'exceeds',
  value: now,
});

const narrows = ({ scope = [], resources }: Pick<Redemption, 'resources'> & Partial<Refresh>): GrantClause[] => [
  ...scope.map((value) => ({ attribute: 'scope', test: 'includes', value }) as const),
  ...resources.map((value) => ({ attribute: 'resources', test: 'includes', value }) as const),
];

export const redemptionTransition = (redemption: Redemption): Transition => ({
  when: [
    { attribute: 'state', test: 'equals', value: 'code' },
    { attribute: 'client_id', test: 'equals', value: redemption.client_id },
    ...proofs(redemption),
    unexpired(redemption),
    ...narrows(redemption),
  ],
  set: {
    state: 'active',
    generation: 0,
    rotated_at: redemption.now,
    idle_until: redemption.idle_until,
    transition: redemption.request,
  },
});

/** After a fault that prevented the answer, so that the code can be redeemed again. */
export const undoRedemptionTransition = (request: string): Transition => ({
  when: [
    { attribute: 'state', test: 'equals', value: 'active' },
    { attribute: 'transition', test: 'equals', value: request },
  ],
  set: { state: 'code' },
});

/** RFC 6749 section 6, RFC 8707 section 2.2 */
export interface Refresh {
  readonly request: string;
  readonly client_id: string;
  readonly generation: number;
  readonly scope: readonly string[];
  readonly resources: readonly string[];
  readonly now: number;
  readonly idle_until: number;
}

const refreshable = ({ client_id, now }: Refresh): GrantClause[] => [
  { attribute: 'state', test: 'equals', value: 'active' },
  { attribute: 'client_id', test: 'equals', value: client_id },
  { attribute: 'offline', test: 'equals', value: true },
  { attribute: 'ends_at', test: 'exceeds', value: now },
  { attribute: 'idle_until', test: 'exceeds', value: now },
];

export const rotationTransition = (refresh: Refresh): Transition => ({
  when: [
    ...refreshable(refresh),
    { attribute: 'generation', test: 'equals', value: refresh.generation },
    ...narrows(refresh),
  ],
  set: {
    generation: refresh.generation + 1,
    rotated_at: refresh.now,
    idle_until: refresh.idle_until,
    transition: refresh.request,
  },
});

/**
 * Keeps the client's refresh token valid. `rotated_at` 0 ends the reuse interval of the one before, which it no longer needs.
 */
export const undoRotationTransition = ({
  request,
  generation,
}: Pick<Refresh, 'request' | 'generation'>): Transition => ({
  when: [
    { attribute: 'state', test: 'equals', value: 'active' },
    { attribute: 'transition', test: 'equals', value: request },
  ],
  set: { generation, rotated_at: 0 },
});

/** Before a retry is answered, so that the request that made the rotation cannot undo it any more. */
export const confirmRotationTransition = ({
  request,
  generation,
}: Pick<Refresh, 'request' | 'generation'>): Transition => ({
  when: [
    { attribute: 'state', test: 'equals', value: 'active' },
    { attribute: 'generation', test: 'exceeds', value: generation },
  ],
  set: { transition: request },
});

/** @param client_id when given, only a grant of this client is revoked */
export const revocationTransition = (request: string, now: number, client_id?: string): Transition => ({
  when: [
    client_id === undefined
      ? { attribute: 'grant_id', test: 'present' }
      : { attribute: 'client_id', test: 'equals', value: client_id },
    { attribute: 'state', test: 'differs', value: 'revoked' },
  ],
  set: { state: 'revoked', revoked_at: now, transition: request },
});

/** Why a conditional write failed, as the grant shows when it is read afterwards. */
export type TransitionFailure =
  /** The write had succeeded; the store's answer was lost. */
  | 'landed'
  /** The same refresh token within the reuse interval. The successor is the same. */
  | 'retried'
  /** Two parties may have the token, so the grant must be revoked. */
  | 'reused'
  /** The same code at once, with the same verifier: a client that sent its request twice. The grant lives. */
  | 'repeated'
  | 'exceeded'
  /** Another request undid its transition after a fault, so it can be made again. */
  | 'undone'
  /** Unknown, expired, revoked, of another client, or without the right proofs. */
  | 'refused';

/** Seconds. Effects of React run twice in development, and so do handlers of a double click. */
export const REPEAT_INTERVAL = 2;

/**
 * Not 'reused' with wrong proofs: whoever used the code had the right ones, and a guess must not revoke the grant.
 * @param repeatInterval seconds after the redemption, the last of them included
 */
export function whyNotRedeemed(
  grant: GrantState | undefined,
  redemption: Redemption,
  repeatInterval = REPEAT_INTERVAL,
): TransitionFailure {
  if (!grant || grant.client_id !== redemption.client_id) return 'refused';
  if (grant.state === 'active' && grant.transition === redemption.request) return 'landed';
  if (!proofs(redemption).every((clause) => clauseHolds(grant, clause))) return 'refused';
  if (grant.state !== 'code') return isRepetition(grant, redemption, repeatInterval) ? 'repeated' : 'reused';
  if (!clauseHolds(grant, unexpired(redemption))) return 'refused';
  return narrows(redemption).every((clause) => clauseHolds(grant, clause)) ? 'undone' : 'exceeded';
}

/** Without PKCE, the client may have been made to present a stolen code (RFC 9700 section 4.5). */
const isRepetition = (
  { state, code_challenge, generation, rotated_at }: GrantState,
  { now }: Redemption,
  interval: number,
) => state === 'active' && code_challenge !== undefined && generation === 0 && now - rotated_at <= interval;

/** @param reuseInterval seconds in which the previous generation may be presented again */
export function whyNotRotated(
  grant: GrantState | undefined,
  refresh: Refresh,
  reuseInterval: number,
): TransitionFailure {
  // Also when the grant is revoked: that completes a revocation that failed half-way.
  if (grant?.state === 'revoked' && grant.client_id === refresh.client_id) return 'reused';
  if (!grant || !refreshable(refresh).every((clause) => clauseHolds(grant, clause))) return 'refused';
  if (grant.transition === refresh.request) return 'landed';
  if (grant.generation < refresh.generation) return 'refused';
  // The other container's clock may be ahead, which must not turn reuse into a retry.
  const age = Math.max(0, refresh.now - grant.rotated_at);
  const isRetry = grant.generation === refresh.generation + 1 && age < reuseInterval;
  if (grant.generation > refresh.generation && !isRetry) return 'reused';
  if (!narrows(refresh).every((clause) => clauseHolds(grant, clause))) return 'exceeded';
  return isRetry ? 'retried' : 'undone';
}
