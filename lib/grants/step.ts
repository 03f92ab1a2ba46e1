import { OAuthError } from '../oauth/errors.ts';
import type { GrantState, Refusal, Transition } from '../oauth/grant-state.ts';
import { endGrant } from '../revocation/end-grant.ts';
import { endedUntil } from './epochs.ts';
import type { GrantContext, GrantRequest } from './grant-type.ts';

/** A one-time thing that a client presents: how it is used up, and what it means when it cannot be. */
export interface Step {
  readonly grant_id: string;
  readonly transition: Transition;
  /** Takes the transition back, if it is the last one. */
  readonly undo: Transition;
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
  { client, ifNotIssued }: Pick<GrantRequest, 'client' | 'ifNotIssued'>,
  context: GrantContext,
): Promise<GrantState> {
  const mayHaveLanded = () => ifNotIssued(() => context.grants.change(step.grant_id, step.undo));
  // Both are waited for: while the write is under way, it cannot be taken back.
  const [changing, reading] = await Promise.allSettled([
    context.grants.change(step.grant_id, step.transition),
    endedUntil(step.grant_id, client.client_id, context),
  ]);
  if (changing.status === 'rejected' || changing.value) mayHaveLanded();
  if (changing.status === 'rejected') throw changing.reason;
  if (reading.status === 'rejected') throw reading.reason;

  const grant = changing.value ?? (await readBack(step, mayHaveLanded, context));
  if (grant.issued_at <= reading.value) throw invalidGrant();
  return grant;
}

/** What it means that a condition did not hold: that an earlier attempt of ours had landed, a retry, or a refusal. */
async function readBack(step: Step, mayHaveLanded: () => void, context: GrantContext): Promise<GrantState> {
  const grant = await context.grants.find(step.grant_id).catch((fault) => {
    mayHaveLanded();
    throw fault;
  });
  const outcome = step.whyNot(grant);
  if (!grant || outcome === 'refused') throw invalidGrant();
  if (outcome === 'exceeded') throw step.excess(grant);
  if (outcome === 'reused') {
    await endGrant(grant.grant_id, context);
    throw invalidGrant();
  }
  if (outcome === 'landed') mayHaveLanded();
  return grant;
}

/** One answer, whatever is wrong with a code or a refresh token. RFC 6749 section 5.2 */
export const invalidGrant = () =>
  new OAuthError('invalid_grant', 'it is unknown, expired, used, or not for this client and this request');
