import { holds } from '../oauth/clause.ts';
import { OAuthError, Unavailable } from '../oauth/errors.ts';
import type { GrantState, Refusal, Transition } from '../oauth/grant-state.ts';
import { endGrant } from '../revocation/end-grant.ts';
import { readEpochs } from './epochs.ts';
import type { Ending, GrantContext, GrantRequest } from './grant-type.ts';

/** A one-time thing that a client presents: how it is used up, and what it means when it cannot be. */
export interface Step {
  readonly grant_id: string;
  readonly transition: Transition;
  /** Takes the transition back, if it is the last one. */
  readonly undo: Transition;
  /** Joins the one that another request made, where that is a retry. */
  readonly confirm?: Transition;
  whyNot(grant: GrantState | undefined): Refusal;
  /** The answer to whoever asks for more than was granted. */
  excess(grant: GrantState): OAuthError;
}

/**
 * Makes the step by one conditional write, which alone decides, beside the reads of the epochs: never a read before it.
 * @returns the grant as it is then
 * @throws OAuthError `invalid_grant`, or what the step says to more than was granted
 */
export async function makeStep(
  step: Step,
  { client, atEnd }: Pick<GrantRequest, 'client' | 'atEnd'>,
  context: GrantContext,
): Promise<GrantState> {
  const { grant_id } = step;
  // Until the grant has said something else, the write may have landed.
  atEnd(undoing(step, context));
  // Both are waited for: while the write is under way, it cannot be taken back.
  const [changing, reading] = await Promise.allSettled([
    context.grants.change(grant_id, step.transition),
    readEpochs(grant_id, client.client_id, context),
  ]);
  if (changing.status === 'rejected') throw changing.reason;
  if (reading.status === 'rejected') throw reading.reason;

  const grant = changing.value ?? (await readBack(step, atEnd, context));
  if (reading.value(grant)) throw invalidGrant('the client, the subject or everybody was signed out since');
  return grant;
}

/** What it means that a condition did not hold: that an earlier attempt of ours had landed, a retry, or a refusal. */
async function readBack(step: Step, atEnd: GrantRequest['atEnd'], context: GrantContext): Promise<GrantState> {
  const grant = await context.grants.find(step.grant_id);
  const outcome = step.whyNot(grant);
  if (outcome !== 'landed') atEnd({});
  if (!grant) throw invalidGrant('there is no such grant');
  if (outcome === 'refused') throw invalidGrant(whyRefused(grant, step.transition));
  if (outcome === 'exceeded') throw step.excess(grant);
  if (outcome === 'undone') throw new Unavailable('the grant');
  if (outcome === 'reused') {
    await endGrant(grant.grant_id, context);
    throw invalidGrant(grant.state === 'revoked' ? 'the grant is revoked' : 'used before: the grant was ended');
  }
  if (outcome === 'retried') atEnd(confirming(step, context));
  return grant;
}

const undoing = ({ grant_id, undo }: Step, { grants }: GrantContext): Ending => ({
  failed: () => grants.change(grant_id, undo),
});

const confirming = ({ grant_id, confirm }: Step, { grants }: GrantContext): Ending => ({
  async issued() {
    if (!confirm || (await grants.change(grant_id, confirm))) return;
    if ((await grants.find(grant_id))?.state !== 'active') throw invalidGrant('the grant ended meanwhile');
    // Taken back meanwhile by whoever made it: the next attempt makes it anew.
    throw new Unavailable('the grant');
  },
});

/** What it means for a code or a refresh token when a clause about this attribute does not hold. */
const reasons: { readonly [Attribute in keyof GrantState]?: string } = {
  client_id: 'it is of another client',
  redirect_uri: 'another redirect_uri than that of the authorization request',
  code_challenge: 'code_verifier is missing or wrong',
  code_expires_at: 'the code has expired',
  offline: 'the grant has no refresh tokens',
  ends_at: 'the refresh token has expired',
  idle_until: 'the refresh token was not used for too long',
  generation: 'this refresh token was never issued',
};

/** Why a transition is refused, for the log: by the first clause that the grant does not meet and that has a reason. */
function whyRefused(grant: GrantState, { when }: Transition): string {
  const unmet = when.filter((clause) => !holds(grant, clause));
  const [reason = `the grant is in state ${grant.state}`] = unmet.flatMap(({ attribute }) => reasons[attribute] ?? []);
  return reason;
}

/** One answer, whatever is wrong with a code or a refresh token; only the log tells. RFC 6749 section 5.2 */
export const invalidGrant = (reason: string) =>
  new OAuthError('invalid_grant', 'it is unknown, expired, used, or not for this client and this request', { reason });
