import type { Form } from '../http/form.ts';
import type { Log } from '../log.ts';
import { KEEP_FIELD, type SignInPage } from '../pages/sign-in.ts';
import type { EndSessionContext } from '../revocation/end-session.ts';
import type { AttemptOrigin, SignInOutcome } from '../users/authenticate-user.ts';
import { type BrowserWithSession, beginSession } from './browser-session.ts';
import { createDeviceCookie, findDevice } from './device.ts';
import type { Visit, VisitContext } from './visit.ts';

export interface SignInContext extends VisitContext, EndSessionContext {
  /** Seconds. */
  readonly sessionLifetime: number;
  /** Seconds, for whoever chooses to stay signed in when the browser is closed; 0 = nobody has the choice. */
  readonly keepSignedIn: number;
  authenticateUser(
    username: string,
    password: string,
    origin: AttemptOrigin,
  ): Promise<SignInOutcome & { readonly knownBy: string }>;
}

/** Or what the page says when it is shown again. */
export type SignInResult =
  | { readonly browser: BrowserWithSession; readonly deviceCookie: string; readonly failed?: undefined }
  | {
      readonly browser?: undefined;
      readonly deviceCookie?: undefined;
      readonly failed: Pick<SignInPage, 'username' | 'failed' | 'keep'>;
    };

export async function signInWithPassword(
  { request, browser, handles, site, context }: Visit<SignInContext>,
  form: Form,
): Promise<SignInResult> {
  const username = form.get('username') ?? '';
  const keep = context.keepSignedIn > 0 && form.get(KEEP_FIELD) !== undefined;
  const result = await context.authenticateUser(username, form.get('password') ?? '', {
    address: request.sourceIp,
    deviceOf: (knownBy) => findDevice(request, knownBy, handles.page, context),
  });
  if (result.outcome !== 'signed_in') {
    logRefusal(result, site.client?.client_id, context.log);
    const failed = result.outcome === 'delayed' ? { seconds: result.seconds } : 'refused';
    return { failed: { username, failed, keep } };
  }
  const authentication = { sub: result.sub, amr: result.amr, auth_time: context.clock() };
  const lifetime = keep ? context.keepSignedIn : context.sessionLifetime;
  const next = await beginSession(browser, authentication, lifetime, context);
  return {
    browser: keep ? { ...next, cookieLifetime: lifetime } : next,
    deviceCookie: createDeviceCookie(result.knownBy, handles.page, context),
  };
}

function logRefusal(
  result: Exclude<SignInOutcome, { readonly outcome: 'signed_in' }>,
  client_id: string | undefined,
  log: Log,
): void {
  const { reason, sub } = result.outcome === 'delayed' ? { reason: 'too many attempts' } : result;
  log.info('sign-in refused', { client_id, reason, sub });
}
