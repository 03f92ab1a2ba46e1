import { type HttpRequest, type HttpResponse, seeOther } from '../http/message.ts';
import { leavingPage } from '../pages/leaving.ts';
import type { Site } from '../pages/page.ts';

/**
 * Sends the browser to a client. After a form of ours by a page, because Chromium and Safari apply the `form-action` of the form's
 * page to all redirects that follow, and nobody knows where a client redirects to. https://github.com/w3c/webappsec-csp/issues/8
 */
export const leave = ({ method }: HttpRequest, uri: string, site: Site): HttpResponse =>
  method === 'POST' ? leavingPage(site, uri) : seeOther(uri);
