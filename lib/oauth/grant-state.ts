import { type Clause, clauseHolds } from '../clause.ts';

// The state machine of a grant that a subject gave: code -> active, generation 0 -> 1 -> ... -> revoked. docs/design.md
// section 4. Everything here is pure. A transition consists of clauses, and of the attributes to set when all clauses hold. The
// store turns it into one conditional update; the tests run through every interleaving of transitions.

/** A grant as it is stored. Times are seconds since the epoch. */
export interface GrantState {
  readonly grant_id: string;
  readonly state: 'code' | 'active' | 'revoked';
  readonly client_id: string;
  readonly sub: string;
  /** The granted scope tokens. They never change: a refresh for fewer leaves the rest for the next refresh. */
  readonly scope: readonly string[];
  /** Identifiers of the resource servers. */
  readonly resources: readonly string[];
  /** When the subject gave the grant; compared with epochs. */
  readonly issued_at: number;
  readonly redirect_uri?: string;
  /** With the method S256. RFC 7636 section 4.2 */
  readonly code_challenge?: string;
  readonly code_expires_at: number;
  /** The generation of the refresh token that is valid now. */
  readonly generation: number;
  /** When that generation became valid. */
  readonly rotated_at: number;
  /** Whether the grant has refresh tokens. */
  readonly offline: boolean;
  /** The end of the absolute lifetime: no refresh from this time on. */
  readonly ends_at: number;
  /** The end of the idle lifetime, which each refresh extends. */
  readonly idle_until: number;
  /** The random id of the request that made the last transition. */
  readonly transition: string;
  readonly revoked_at?: number;
  /** When the subject signed in, for ID tokens, as are the next three. OpenID Connect Core section 2 */
  readonly auth_time?: number;
  readonly amr?: readonly string[];
  readonly sid?: string;
  readonly nonce?: string;
  /** The `claims` parameter of the request, as JSON. OpenID Connect Core section 5.5 */
  readonly claims?: string;
  /** When everything that was issued from the grant has expired. */
  readonly expires_at: number;
}

type GrantClause = Clause<keyof GrantState>;

export interface Transition {
  readonly when: readonly GrantClause[];
  readonly set: Partial<GrantState>;
}

/** The grant after a transition; undefined when a clause does not hold. */
export const applyTransition = (grant: GrantState, { when, set }: Transition): GrantState | undefined =>
  when.every((clause) => clauseHolds(grant, clause)) ? { ...grant, ...set } : undefined;

/** A request to redeem a code. RFC 6749 section 4.1.3, RFC 7636 section 4.5 */
export interface Redemption {
  /** A random id for this request. */
  readonly request: string;
  readonly client_id: string;
  readonly redirect_uri: string;
  /** The S256 challenge of the verifier that was sent; undefined when none was sent. */
  readonly code_challenge: string | undefined;
  /** Identifiers of the resource servers to issue tokens for; empty = all of the grant. RFC 8707 section 2.2 */
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

/** Redeems the code: the grant becomes active with generation 0. */
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

/** Undoes a redemption after which a fault of the service prevented the answer, so that the code can be redeemed again. */
export const undoRedemption = (request: string): Transition => ({
  when: [
    { attribute: 'state', test: 'equals', value: 'active' },
    { attribute: 'transition', test: 'equals', value: request },
  ],
  set: { state: 'code' },
});

/** A request with a refresh token. RFC 6749 section 6, RFC 8707 section 2.2 */
export interface Refresh {
  /** A random id for this request. */
  readonly request: string;
  readonly client_id: string;
  readonly generation: number;
  /** The requested scope tokens; empty = all of the grant. */
  readonly scope: readonly string[];
  /** Identifiers of the requested resource servers; empty = all of the grant. */
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

/** Makes the next generation the valid one. */
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
 * Undoes a rotation after which a fault of the service prevented the answer, so that the client's refresh token stays valid
 * however long the fault lasts. `rotated_at` 0 ends the reuse interval of the token before it: by presenting its successor, the
 * client has shown that it does not need that token any more.
 */
export const undoRotation = ({ request, generation }: Pick<Refresh, 'request' | 'generation'>): Transition => ({
  when: [
    { attribute: 'state', test: 'equals', value: 'active' },
    { attribute: 'transition', test: 'equals', value: request },
  ],
  set: { generation, rotated_at: 0 },
});

/** Confirms a rotation before a retry is answered, so that the request that made the rotation cannot undo it any more. */
export const confirmRotation = ({ request, generation }: Pick<Refresh, 'request' | 'generation'>): Transition => ({
  when: [
    { attribute: 'state', test: 'equals', value: 'active' },
    { attribute: 'generation', test: 'exceeds', value: generation },
  ],
  set: { transition: request },
});

/**
 * Revokes the grant, whatever its state.
 * @param client_id when given, only a grant of this client is revoked
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

/** Why a conditional write of a transition failed, as the grant shows when it is read afterwards. */
export type TransitionFailure =
  /** The write had succeeded at an earlier attempt, whose answer from the store was lost. */
  | 'landed'
  /** The same token was refreshed within the reuse interval, so this is a retry. The successor is the same. */
  | 'retried'
  /** The code or the refresh token was used before. Two parties may have it, so the grant must be revoked. */
  | 'reused'
  /** The request asks for more than was granted. */
  | 'exceeded'
  /** Another request made the transition and has undone it because of a fault, so it can be made again. */
  | 'undone'
  /** Anything else: unknown, expired, revoked, of another client, or without the right proofs. The grant stays as it is. */
  | 'refused';

/**
 * Why a redemption failed. With wrong proofs it is not 'reused': only a party that has the right ones can have obtained tokens
 * for the code, so a guess must not revoke the grant.
 */
export function whyNotRedeemed(grant: GrantState | undefined, redemption: Redemption): TransitionFailure {
  if (!grant || grant.client_id !== redemption.client_id) return 'refused';
  if (grant.state === 'active' && grant.transition === redemption.request) return 'landed';
  if (!proofs(redemption).every((clause) => clauseHolds(grant, clause))) return 'refused';
  if (grant.state !== 'code') return 'reused';
  if (!clauseHolds(grant, unexpired(redemption))) return 'refused';
  return narrows(redemption).every((clause) => clauseHolds(grant, clause)) ? 'undone' : 'exceeded';
}

/**
 * Why a rotation failed.
 * @param reuseInterval seconds in which the generation before the valid one may be presented again
 */
export function whyNotRotated(
  grant: GrantState | undefined,
  refresh: Refresh,
  reuseInterval: number,
): TransitionFailure {
  // Reported as reuse also when the grant is revoked already, because that completes a revocation that failed half-way.
  if (grant?.state === 'revoked' && grant.client_id === refresh.client_id) return 'reused';
  if (!grant || !refreshable(refresh).every((clause) => clauseHolds(grant, clause))) return 'refused';
  if (grant.transition === refresh.request) return 'landed';
  if (grant.generation < refresh.generation) return 'refused';
  // The other container's clock may be ahead. With a reuse interval of 0 that must not turn reuse into a retry.
  const age = Math.max(0, refresh.now - grant.rotated_at);
  const isRetry = grant.generation === refresh.generation + 1 && age < reuseInterval;
  if (grant.generation > refresh.generation && !isRetry) return 'reused';
  if (!narrows(refresh).every((clause) => clauseHolds(grant, clause))) return 'exceeded';
  return isRetry ? 'retried' : 'undone';
}
