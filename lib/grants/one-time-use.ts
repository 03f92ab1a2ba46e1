import { clauseHolds } from '../clause.ts';
import { OAuthError, Unavailable } from '../oauth/errors.ts';
import type { GrantState, Transition } from '../oauth/grant-state.ts';
import type { TransitionFailure } from '../oauth/transition-failure.ts';
import { readEpochs } from '../revocation/epochs.ts';
import { revokeGrant } from '../revocation/revoke-grant.ts';
import type { GrantContext, GrantRequest, OutcomeHandlers } from './grant-type.ts';

export interface OneTimeUse {
  readonly grant_id: string;
  readonly transition: Transition;
  /** Unless another transition has followed. */
  readonly undo: Transition;
  /** For a retry, before it is answered. */
  readonly confirm?: Transition;
  whyNot(grant: GrantState | undefined): TransitionFailure;
  /** For a request for more than was granted. */
  excess(grant: GrantState): OAuthError;
  /** For one that is refused because it lacks a parameter that this grant requires; undefined = `invalid_grant`. */
  lacking?(grant: GrantState): OAuthError | undefined;
}

/**
 * One conditional write decides, without a read before it; the epochs are read in parallel.
 * @throws OAuthError `invalid_grant`, or the error of `excess`; Unavailable
 */
export async function useOnce(
  use: OneTimeUse,
  { client, onOutcome }: Pick<GrantRequest, 'client' | 'onOutcome'>,
  context: GrantContext,
): Promise<GrantState> {
  const { grant_id } = use;
  // Until the result is known, the write has to be assumed to have succeeded.
  onOutcome(undoing(use, context));
  // Both are awaited, because a write that is in progress cannot be undone.
  const [changing, reading] = await Promise.allSettled([
    context.grants.change(grant_id, use.transition),
    readEpochs(grant_id, client.client_id, context),
  ]);
  if (changing.status === 'rejected') throw changing.reason;
  if (reading.status === 'rejected') throw reading.reason;

  const grant = changing.value ?? (await readBack(use, onOutcome, context));
  if (await reading.value(grant)) {
    throw invalidGrant('all grants of the client, the subject, the consent, the session or the issuer were revoked');
  }
  return grant;
}

/** After a failed condition: the write may have succeeded at an earlier attempt, or the request may be a retry. */
async function readBack(
  use: OneTimeUse,
  onOutcome: GrantRequest['onOutcome'],
  context: GrantContext,
): Promise<GrantState> {
  const grant = await context.grants.find(use.grant_id);
  const outcome = use.whyNot(grant);
  if (outcome !== 'landed') onOutcome({});
  if (!grant) throw invalidGrant('there is no such grant');
  if (outcome === 'refused') throw use.lacking?.(grant) ?? invalidGrant(whyRefused(grant, use.transition));
  if (outcome === 'exceeded') throw use.excess(grant);
  if (outcome === 'undone') throw new Unavailable('the grant');
  if (outcome === 'repeated') throw invalidGrant('used just before, by the same client with the same verifier');
  if (outcome === 'reused') {
    await revokeGrant(grant.grant_id, context);
    throw invalidGrant(grant.state === 'revoked' ? 'the grant is revoked' : 'used before: the grant was revoked');
  }
  if (outcome === 'retried') onOutcome(confirming(use, context));
  return grant;
}

const undoing = ({ grant_id, undo }: OneTimeUse, { grants }: GrantContext): OutcomeHandlers => ({
  failed: () => grants.change(grant_id, undo),
});

const confirming = ({ grant_id, confirm }: OneTimeUse, { grants }: GrantContext): OutcomeHandlers => ({
  async issued() {
    if (!confirm || (await grants.change(grant_id, confirm))) return;
    if ((await grants.find(grant_id))?.state !== 'active') throw invalidGrant('the grant was revoked in the meantime');
    // The first request has undone its transition. The next retry makes it again.
    throw new Unavailable('the grant');
  },
});

/** By the attribute whose clause does not hold. */
const reasons: { readonly [Attribute in keyof GrantState]?: string } = {
  client_id: 'it was issued to another client',
  redirect_uri: 'redirect_uri differs from the authorization request',
  redirect_uri_omitted: 'redirect_uri is missing',
  code_challenge: 'code_verifier is missing or wrong',
  code_expires_at: 'the code has expired',
  offline: 'the grant has no refresh tokens',
  ends_at: 'the refresh token has expired',
  idle_until: 'the refresh token was not used for too long',
  generation: 'this refresh token was never issued',
};

function whyRefused(grant: GrantState, { when }: Transition): string {
  const unmet = when.filter((clause) => !clauseHolds(grant, clause));
  const [reason = `the grant is in state ${grant.state}`] = unmet.flatMap(({ attribute }) => reasons[attribute] ?? []);
  return reason;
}

/** The same for every problem; only the log shows `reason`. RFC 6749 section 5.2 */
export const invalidGrant = (reason: string) =>
  new OAuthError('invalid_grant', 'the grant is unknown, expired, used, or not for this client and request', {
    reason,
  });
