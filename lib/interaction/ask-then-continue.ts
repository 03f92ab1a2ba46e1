import type { Clock } from '../clock.ts';
import type { HttpResponse } from '../http/message.ts';
import { OAuthError } from '../oauth/errors.ts';
import { refusedFormPage } from '../pages/error.ts';
import { rememberConsent } from './consent.ts';
import type { Continuation } from './continuation.ts';
import { type Interaction, nextInteraction, type Requirements } from './next-interaction.ts';
import { whyRefused } from './page-form.ts';
import { findPerson, findPersonOfNewSession, type Person, type PersonContext } from './person.ts';
import { interactionForm, showInteraction } from './show-interaction.ts';
import { type SignInContext, signInWithPassword } from './sign-in.ts';
import type { Submission } from './submission.ts';
import { type Visit, withCookies } from './visit.ts';

export type InteractionContext = SignInContext & PersonContext;

type InteractionVisit = Visit<InteractionContext>;

/** Seconds in which a sign-in counts for the request that asked for it: enough time to read the consent page. */
const RECENT_SIGN_IN = 600;

/**
 * One page at a time, until nothing is missing. `submission` comes from the last page.
 * @throws OAuthError `access_denied` when the person cancels; `login_required` or `consent_required` for `prompt=none`
 */
export async function askThenContinue(
  visit: InteractionVisit,
  continuation: Continuation,
  submission: Submission | undefined,
): Promise<HttpResponse> {
  const { browser, context } = visit;
  const refusal = submission && whyRefused(submission.form, interactionForm(submission.page, continuation), visit);
  if (refusal) return refusedFormPage(visit.site, refusal, `?${continuation.query}`);
  if (submission?.action === 'cancel') throw new OAuthError('access_denied', 'the user denied the request');
  if (submission?.action === 'sign_in') return signInThenContinue(visit, continuation, submission);

  const person = browser.session && (await findPerson(browser.session, continuation, context));
  if (submission?.action === 'switch') return showInteraction('sign_in', visit, continuation);
  return askNextOrComplete(visit, continuation, person, completedBy(submission, person, context.clock));
}

async function signInThenContinue(
  visit: InteractionVisit,
  continuation: Continuation,
  { form }: Submission,
): Promise<HttpResponse> {
  const { browser, deviceCookie, failed } = await signInWithPassword(visit, form);
  if (!browser) return showInteraction('sign_in', visit, continuation, failed);
  const person = await findPersonOfNewSession(browser.session, continuation, visit.context);
  return askNextOrComplete(
    { ...visit, browser, deviceCookie },
    continuation,
    person,
    new Set(['sign_in', 'select_account']),
  );
}

async function askNextOrComplete(
  visit: InteractionVisit,
  continuation: Continuation,
  person: Person | undefined,
  completed: ReadonlySet<Interaction>,
): Promise<HttpResponse> {
  const { context } = visit;
  const { requirements, consent } = continuation;
  const { session, claims, hasConsented, consented_at } = person ?? {};
  const interaction = nextInteraction(requirements, { session, hasConsented, completed, now: context.clock() });
  if (interaction && requirements.prompt.has('none')) throw mayNotAsk(interaction, requirements);
  if (interaction) return showInteraction(interaction, visit, continuation, { claims });
  if (!session) throw new Error('nobody is signed in');

  // Returned and not thrown, so that the response sets the cookie: the person who signed in stays signed in.
  if (requirements.subjects && !requirements.subjects.includes(session.sub)) {
    return withCookies(continuation.refuse(new OAuthError('login_required', 'another user is signed in')), visit);
  }
  const isGiven = consent && completed.has('consent');
  const given_at = isGiven ? await rememberConsent(session.sub, consent, context) : consented_at;
  return withCookies(await continuation.complete(session, given_at), visit);
}

/**
 * OpenID Connect Core section 3.1.2.6. A client that names a subject and lacks consent must not learn who is signed in, so it gets
 * the same answer whoever that is.
 */
const mayNotAsk = (interaction: Interaction, { subjects }: Requirements) =>
  interaction === 'consent' && subjects === undefined
    ? new OAuthError('consent_required', 'the user has to be asked for consent')
    : new OAuthError('login_required', 'the user has to sign in');

function completedBy(
  submission: Submission | undefined,
  person: Person | undefined,
  clock: Clock,
): ReadonlySet<Interaction> {
  const completed = new Set<Interaction>();
  if (submission?.action === 'continue') completed.add('select_account');
  if (submission?.action !== 'allow') return completed;
  completed.add('select_account').add('consent');
  // If the request asked for a sign-in, the consent page was shown after it, and its page token is bound to the new session.
  if (person && clock() - person.session.auth_time < RECENT_SIGN_IN) completed.add('sign_in');
  return completed;
}
