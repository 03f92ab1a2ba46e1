import type { HttpRequest, HttpResponse } from '../http/message.ts';
import type { LogContext } from '../log.ts';
import type { Client } from '../oauth/client.ts';
import type { Handles } from '../oauth/handle.ts';
import { createSite, type Service, type Site } from '../pages/page.ts';
import { type Browser, type BrowserContext, readBrowser, sessionCookie } from './browser-session.ts';

/** What endpoints need to show pages to a person. */
export interface VisitContext extends LogContext, BrowserContext {
  readonly service: Service;
}

/** A person in front of a browser, for the duration of one request. */
export interface Visit<Context extends VisitContext = VisitContext> {
  readonly request: HttpRequest;
  /** The browser, with its session if somebody is signed in. */
  readonly browser: Browser;
  /** For page tokens and the cookie. */
  readonly handles: Handles;
  /** What all pages share: the service, the texts in the person's language, and the client. */
  readonly site: Site;
  readonly context: Context;
}

/** @param client the application that the pages name, if it is known already. @throws Unavailable */
export async function openVisit<Context extends VisitContext>(
  request: HttpRequest,
  context: Context,
  client?: Client,
): Promise<Visit<Context>> {
  const [browser, handles] = await Promise.all([readBrowser(request, context), context.handles()]);
  return { request, browser, handles, site: siteFor(request, context, client), context };
}

/** Works even if the request is invalid. Reads `ui_locales`: OpenID Connect Core section 3.1.2.1 */
export const siteFor = ({ query }: HttpRequest, { service }: Pick<VisitContext, 'service'>, client?: Client): Site =>
  createSite(service, new URLSearchParams(query).get('ui_locales') ?? undefined, client);

/** Adds the cookie of a new browser to a response. */
export function withCookie(response: HttpResponse, { browser, handles, context }: Visit): HttpResponse {
  if (!browser.isNew) return response;
  const cookie = sessionCookie(browser.sid, context.issuer, handles);
  return { ...response, headers: { ...response.headers, 'set-cookie': cookie } };
}
