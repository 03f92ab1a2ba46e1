import type { HttpRequest, HttpResponse } from '../http/message.ts';
import type { LogContext } from '../log.ts';
import type { Client } from '../oauth/client.ts';
import type { Handles, HandlesByKind } from '../oauth/handle.ts';
import { createSite, type Service, type Site } from '../pages/page.ts';
import { type Browser, type BrowserContext, readBrowser, sessionCookie } from './browser-session.ts';

export interface VisitContext extends LogContext, BrowserContext {
  readonly handles: HandlesByKind<'session' | 'page'>;
  readonly service: Service;
}

/** For one request. */
export interface Visit<Context extends VisitContext = VisitContext> {
  readonly request: HttpRequest;
  readonly browser: Browser;
  /** After a sign-in. */
  readonly deviceCookie?: string;
  readonly handles: { readonly [Kind in keyof VisitContext['handles']]: Handles };
  /** The service, the texts in the person's language, and the client. */
  readonly site: Site;
  readonly context: Context;
}

/** @param client that the pages name, if it is known already */
export async function openVisit<Context extends VisitContext>(
  request: HttpRequest,
  context: Context,
  client?: Client,
): Promise<Visit<Context>> {
  const [browser, session, page] = await Promise.all([
    readBrowser(request, context),
    context.handles.session(),
    context.handles.page(),
  ]);
  return { request, browser, handles: { session, page }, site: siteFor(request, context, client), context };
}

/** Works even if the request is invalid. OpenID Connect Core section 3.1.2.1 */
export const siteFor = ({ query }: HttpRequest, { service }: Pick<VisitContext, 'service'>, client?: Client): Site =>
  createSite(service, new URLSearchParams(query).get('ui_locales') ?? undefined, client);

/** With those that the browser does not have yet. */
export function withCookies(response: HttpResponse, { browser, deviceCookie, handles, context }: Visit): HttpResponse {
  if (!browser.isNew) return response;
  const cookie = sessionCookie(browser, context.issuer, handles.session);
  return { ...response, cookies: deviceCookie === undefined ? [cookie] : [cookie, deviceCookie] };
}
