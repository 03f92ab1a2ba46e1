import type { Request, Response } from '../http/message.ts';
import type { AuthorizationRequest } from '../oauth/authorization-request.ts';
import { isConsented } from '../oauth/consent.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { Handles } from '../oauth/handle.ts';
import { type Interaction, nextInteraction } from '../oauth/interaction.ts';
import type { Session } from '../oauth/session.ts';
import type { UserClaims } from '../oauth/user.ts';
import { outdatedPage } from '../pages/error.ts';
import type { Site } from '../pages/page.ts';
import type { SignInPage } from '../pages/sign-in.ts';
import { type Browser, beginSession, isInForce, readBrowser, sessionCookie } from '../users/browser-session.ts';
import { findUserClaims } from '../users/claims.ts';
import type { AuthorizationContext } from './authorization.ts';
import { rememberConsent, type Wanted } from './authorization-access.ts';
import { isOurs, type Step } from './authorization-form.ts';
import { issueAnswer } from './authorization-grant.ts';
import { showPage } from './authorization-pages.ts';
import { errorParameters, respond } from './authorization-response.ts';
import type { Target } from './authorization-target.ts';

/** A request that is in order, and what the user has just done about it. */
export interface Visit {
  readonly target: Target;
  readonly asked: AuthorizationRequest;
  readonly wanted: Wanted;
  /** Those that the client means; absent = anybody. */
  readonly subjects: readonly unknown[] | undefined;
  /** The request as a query. */
  readonly query: string;
  readonly site: Site;
  readonly step: Step | undefined;
}

/** Seconds from a sign-in within which it counts for the request that asked for it: while the user reads what to allow. */
const JUST_NOW = 600;

/** Somebody who is signed in, and what is known of them. */
interface Present {
  readonly session: Session;
  readonly user: UserClaims;
  readonly isConsented: boolean;
}

/** Asks what has to be asked, and then answers the client. @throws OAuthError for the client to be told */
export async function proceed(visit: Visit, request: Request, context: AuthorizationContext): Promise<Response> {
  const { step, site, query } = visit;
  const [browser, handles] = await Promise.all([readBrowser(request, context), context.handles()]);
  if (step && !isOurs(step, boundTo(browser.sid, visit), request, context.issuer, handles)) {
    return outdatedPage(site, `?${query}`);
  }
  if (step?.action === 'cancel') throw new OAuthError('access_denied', 'the user did not allow it');
  if (step?.action === 'sign_in') return signIn(visit, step, browser, handles, request, context);

  const present = browser.session && (await findPresent(browser.session, visit, context));
  if (step?.action === 'switch') return show('sign_in', visit, browser, undefined, handles, context);
  return goOn(visit, browser, present, doneBy(step, present, context), handles, context);
}

async function signIn(
  visit: Visit,
  { form }: Step,
  browser: Browser,
  handles: Handles,
  { sourceIp }: Request,
  context: AuthorizationContext,
): Promise<Response> {
  const username = form.get('username') ?? '';
  const result = await context.authenticateUser(username, form.get('password') ?? '', sourceIp);
  if (result.outcome !== 'signed_in') {
    const { client_id } = visit.target.client;
    const { reason, sub } = result.outcome === 'delayed' ? { reason: 'too many attempts' } : result;
    context.log.info('sign-in refused', { client_id, reason, sub });
    const failed = result.outcome === 'delayed' ? { seconds: result.seconds } : 'refused';
    return show('sign_in', visit, browser, undefined, handles, context, { username, failed });
  }
  const authentication = { sub: result.sub, amr: result.amr, auth_time: context.clock() };
  const session = await beginSession(browser, authentication, context.sessionLifetime, context);
  const signedIn: Browser = { sid: session.sid, isNew: true, session };
  const present = await findKnown(session, visit, context);
  const response = await goOn(visit, signedIn, present, new Set(['sign_in', 'select_account']), handles, context);
  return withCookie(response, signedIn, context);
}

/** The next page, or the answer. */
async function goOn(
  visit: Visit,
  browser: Browser,
  present: Present | undefined,
  done: ReadonlySet<Interaction>,
  handles: Handles,
  context: AuthorizationContext,
): Promise<Response> {
  const { target, asked, wanted, subjects, site } = visit;
  const interaction = nextInteraction({
    ...asked,
    subjects,
    session: present?.session,
    isConsented: present?.isConsented === true,
    done,
    now: context.clock(),
  });
  if (interaction && asked.prompt.has('none')) throw silent(interaction);
  if (interaction) return show(interaction, visit, browser, present?.user, handles, context);
  if (!present) throw new Error('nobody is signed in');

  const { sub } = present.session;
  // The answer is given all the same: who signed in is signed in, but is not whom the client means.
  if (subjects && !subjects.includes(sub)) {
    const error = new OAuthError('login_required', 'somebody else is signed in');
    return respond(target, errorParameters(error), context.issuer, site);
  }
  if (done.has('consent')) await rememberConsent(sub, target.client.client_id, wanted.access, context);
  const answer = await issueAnswer(target, asked, wanted, present.session, context);
  return respond(target, answer, context.issuer, site);
}

/** What an error says where nobody may be asked. OpenID Connect Core section 3.1.2.6 */
const silent = (interaction: Interaction) =>
  interaction === 'consent'
    ? new OAuthError('consent_required', 'the user has to be asked')
    : new OAuthError('login_required', 'the user has to sign in');

/** Whether a session still stands, and what else is known of its subject: asked all at once. */
async function findPresent(
  session: Session,
  visit: Visit,
  context: AuthorizationContext,
): Promise<Present | undefined> {
  const [inForce, present] = await Promise.all([isInForce(session, context), findKnown(session, visit, context)]);
  return inForce ? present : undefined;
}

/** Undefined for a user that is gone or disabled. */
async function findKnown(
  session: Session,
  { target, wanted }: Visit,
  context: AuthorizationContext,
): Promise<Present | undefined> {
  const [user, consent] = await Promise.all([
    findUserClaims(session.sub, context),
    context.consents.find(session.sub, target.client.client_id),
  ]);
  return user && { session, user, isConsented: isConsented(wanted.access, target, consent) };
}

/** What the user has done about this request, by the page that an answer to it is posted from. */
function doneBy(
  step: Step | undefined,
  present: Present | undefined,
  { clock }: AuthorizationContext,
): ReadonlySet<Interaction> {
  const done = new Set<Interaction>();
  if (step?.action === 'continue') done.add('select_account');
  if (step?.action !== 'allow') return done;
  done.add('select_account').add('consent');
  // The page stood behind the sign-in that the request asked for, if it did; and it is bound to this session.
  if (present && clock() - present.session.auth_time < JUST_NOW) done.add('sign_in');
  return done;
}

const boundTo = (sid: string, { query, wanted }: Visit) => ({ sid, query, ...wanted.access });

async function show(
  interaction: Interaction,
  visit: Visit,
  browser: Browser,
  user: UserClaims | undefined,
  handles: Handles,
  context: AuthorizationContext,
  { username, failed }: Pick<SignInPage, 'username' | 'failed'> = {},
): Promise<Response> {
  const { site, target, asked } = visit;
  const login_hint = username ?? asked.login_hint;
  const shown = { site, target, bound: boundTo(browser.sid, visit), user, login_hint };
  return withCookie(showPage(interaction, shown, handles, failed), browser, context);
}

async function withCookie(response: Response, browser: Browser, context: AuthorizationContext): Promise<Response> {
  if (!browser.isNew) return response;
  const cookie = await sessionCookie(browser.sid, context);
  return { ...response, headers: { ...response.headers, 'set-cookie': cookie } };
}
