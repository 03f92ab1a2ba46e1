import { type Clause, holds } from '../clause.ts';

// The state machine of a grant that a subject gave: code -> active, generation 0 -> 1 -> ... -> revoked. docs/design.md
// section 4. Everything here is pure. A transition is a list of clauses and what is set when all of them hold: the store
// makes one conditional update of it, and the tests walk through every interleaving of them.

/** A grant as it is stored. Times are seconds since the epoch; names are those of its item. */
export interface GrantState {
  readonly grant_id: string;
  readonly state: 'code' | 'active' | 'revoked';
  readonly client_id: string;
  readonly sub: string;
  /** What was granted, token by token: it never grows, and what is taken of it for one refresh does not shrink it. */
  readonly scope: readonly string[];
  /** Identifiers of the resource servers. */
  readonly resources: readonly string[];
  /** When the subject gave it: epochs are compared with this. */
  readonly issued_at: number;
  readonly redirect_uri?: string;
  /** PKCE, S256. RFC 7636 section 4.2 */
  readonly code_challenge?: string;
  /** The code can be redeemed before this time. */
  readonly code_expires_at: number;
  /** The one generation of the refresh token that is good. */
  readonly generation: number;
  /** When that became so. */
  readonly rotated_at: number;
  /** Whether there are refresh tokens at all. */
  readonly offline: boolean;
  /** No refresh from this time on, however often there was one: the absolute lifetime. */
  readonly ends_at: number;
  /** Nor from this time on, unless there was one before: the sliding lifetime. */
  readonly idle_until: number;
  /** Names the request that made the last transition. */
  readonly transition: string;
  readonly revoked_at?: number;
  /** How the subject signed in; what ID tokens say. OpenID Connect Core section 2 */
  readonly auth_time?: number;
  readonly amr?: readonly string[];
  readonly sid?: string;
  readonly nonce?: string;
  /** The `claims` parameter of the request, as JSON. OpenID Connect Core section 5.5 */
  readonly claims?: string;
  /** When nothing that came from it can live any more. */
  readonly expires_at: number;
}

type GrantClause = Clause<keyof GrantState>;

export interface Transition {
  readonly when: readonly GrantClause[];
  readonly set: Partial<GrantState>;
}

/** The grant after a transition; undefined when a clause does not hold, and nothing has changed. */
export const applyTransition = (grant: GrantState, { when, set }: Transition): GrantState | undefined =>
  when.every((clause) => holds(grant, clause)) ? { ...grant, ...set } : undefined;

/** Who redeems a code, and with what. `request` is a random id of this request. RFC 6749 section 4.1.3, RFC 7636 section 4.5 */
export interface Redemption {
  readonly request: string;
  readonly client_id: string;
  readonly redirect_uri: string;
  /** The S256 challenge of the verifier that was sent; absent = none was. */
  readonly code_challenge: string | undefined;
  /** Those that a token is asked for; empty = all of them. RFC 8707 section 2.2 */
  readonly resources: readonly string[];
  readonly now: number;
  readonly idle_until: number;
}

const proofs = ({ redirect_uri, code_challenge }: Redemption): GrantClause[] => [
  { attribute: 'redirect_uri', test: 'equals', value: redirect_uri },
  code_challenge === undefined
    ? { attribute: 'code_challenge', test: 'absent' }
    : { attribute: 'code_challenge', test: 'equals', value: code_challenge },
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

/** Redeems the code: the first generation of refresh tokens begins. */
export const redeem = (redemption: Redemption): Transition => ({
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

/** Takes a redemption back that led to no answer because of a fault of ours, so that the code is not lost. */
export const undoRedemption = (request: string): Transition => ({
  when: [
    { attribute: 'state', test: 'equals', value: 'active' },
    { attribute: 'transition', test: 'equals', value: request },
  ],
  set: { state: 'code' },
});

/** Who refreshes, and what of the grant is asked for. RFC 6749 section 6, RFC 8707 section 2.2 */
export interface Refresh {
  readonly request: string;
  readonly client_id: string;
  readonly generation: number;
  /** What is asked for; empty = everything. */
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

/** Makes the next generation the good one. */
export const rotate = (refresh: Refresh): Transition => ({
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
 * Takes a rotation back that led to no answer because of a fault of ours: however long that lasts, the client's token stays
 * good. The one before it is not good again, for the client has shown that it got its successor.
 */
export const undoRotation = ({ request, generation }: Pick<Refresh, 'request' | 'generation'>): Transition => ({
  when: [
    { attribute: 'state', test: 'equals', value: 'active' },
    { attribute: 'transition', test: 'equals', value: request },
  ],
  set: { generation, rotated_at: 0 },
});

/** Before a retry is answered: from then on, whoever made the rotation cannot take it back any more. */
export const confirmRotation = ({ request, generation }: Pick<Refresh, 'request' | 'generation'>): Transition => ({
  when: [
    { attribute: 'state', test: 'equals', value: 'active' },
    { attribute: 'generation', test: 'exceeds', value: generation },
  ],
  set: { transition: request },
});

/**
 * Ends the grant, in whatever state it is.
 * @param client_id whose it has to be, where a client asks for it
 */
export const revoke = (request: string, now: number, client_id?: string): Transition => ({
  when: [
    client_id === undefined
      ? { attribute: 'grant_id', test: 'present' }
      : { attribute: 'client_id', test: 'equals', value: client_id },
    { attribute: 'state', test: 'differs', value: 'revoked' },
  ],
  set: { state: 'revoked', revoked_at: now, transition: request },
});

/** What the grant says when a transition of it was refused. */
export type TransitionFailure =
  /** It had landed: its answer was lost, and another attempt found it done. */
  | 'landed'
  /** The same refresh was made a moment ago: its answer was lost, or two asked at once. The successor is the same. */
  | 'retried'
  /** What was presented was used before: it is in two hands, and the grant must end. */
  | 'reused'
  /** More is asked for than was granted. */
  | 'exceeded'
  /** Another request had made it, and took it back meanwhile because of a fault: it can be made again. */
  | 'undone'
  /** Anything else: unknown, expired, revoked, somebody else's, without the right proofs. Nothing changes. */
  | 'refused';

/** Why a redemption was refused. Without the proofs nobody can have got anything for the code, so it is no reuse. */
export function whyNotRedeemed(grant: GrantState | undefined, redemption: Redemption): TransitionFailure {
  if (!grant || grant.client_id !== redemption.client_id) return 'refused';
  if (grant.state === 'active' && grant.transition === redemption.request) return 'landed';
  if (!proofs(redemption).every((clause) => holds(grant, clause))) return 'refused';
  if (grant.state !== 'code') return 'reused';
  if (!holds(grant, unexpired(redemption))) return 'refused';
  return narrows(redemption).every((clause) => holds(grant, clause)) ? 'undone' : 'exceeded';
}

/** @param reuseInterval seconds within which the generation before the good one may be presented again */
export function whyNotRotated(
  grant: GrantState | undefined,
  refresh: Refresh,
  reuseInterval: number,
): TransitionFailure {
  // An end that was only half made is made good by whoever comes again.
  if (grant?.state === 'revoked' && grant.client_id === refresh.client_id) return 'reused';
  if (!grant || !refreshable(refresh).every((clause) => holds(grant, clause))) return 'refused';
  if (grant.transition === refresh.request) return 'landed';
  if (grant.generation < refresh.generation) return 'refused';
  // The clock of the other container may be ahead of ours: that makes no retry where there shall be none.
  const age = Math.max(0, refresh.now - grant.rotated_at);
  const isRetry = grant.generation === refresh.generation + 1 && age < reuseInterval;
  if (grant.generation > refresh.generation && !isRetry) return 'reused';
  if (!narrows(refresh).every((clause) => holds(grant, clause))) return 'exceeded';
  return isRetry ? 'retried' : 'undone';
}
