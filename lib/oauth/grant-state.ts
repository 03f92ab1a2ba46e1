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

export const proofs = (redemption: Redemption): GrantClause[] => [
  ...redirectUriProofs(redemption),
  redemption.code_challenge === undefined
    ? { attribute: 'code_challenge', test: 'absent' }
    : { attribute: 'code_challenge', test: 'equals', value: redemption.code_challenge },
];

export const unexpired = ({ now }: Redemption): GrantClause => ({
  attribute: 'code_expires_at',
  test: 'exceeds',
  value: now,
});

export const narrows = ({ scope = [], resources }: Pick<Redemption, 'resources'> & Partial<Refresh>): GrantClause[] => [
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

export const refreshable = ({ client_id, now }: Refresh): GrantClause[] => [
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
