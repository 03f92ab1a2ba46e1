import type { HttpResponse } from '../http/message.ts';
import { html } from './html.ts';
import { renderPage, type Site } from './page.ts';
import type { Texts } from './texts.ts';

/** A refusal that cannot be returned to the client by a redirect. RFC 6749 section 4.1.2.1 */
export interface ErrorPage {
  readonly status: number;
  readonly kind: 'request' | 'client';
  /** For the developers of the application. Contains nothing from the request. */
  readonly code: string;
  readonly description: string;
}

export function errorPage(site: Site, { status, kind, code, description }: ErrorPage): HttpResponse {
  const { error: texts } = site.language.texts;
  const content = html`<div class="head"><h1>${texts.title}</h1></div>
<p class="soft">${texts[kind]}</p>
<p class="code">${code}<br>${description}</p>`;
  return renderPage(site, { status, title: texts.title, content, isLast: true });
}

/** @param again the URL for trying again */
export function refusedFormPage(site: Site, why: keyof Texts['error']['refusedForm'], again: string): HttpResponse {
  const { error: texts } = site.language.texts;
  const { title, text } = texts.refusedForm[why];
  const content = html`<div class="head"><h1>${title}</h1></div>
<p class="soft">${text}</p>
<p><a href="${again}">${texts.again}</a></p>`;
  return renderPage(site, { status: 403, title, content });
}

/** docs/design.md promise 1 */
export function faultPage(site: Site): HttpResponse {
  const { error: texts } = site.language.texts;
  const content = html`<div class="head"><h1>${texts.faultTitle}</h1></div><p class="soft">${texts.fault}</p>`;
  return renderPage(site, { status: 503, title: texts.faultTitle, content, headers: { 'retry-after': '1' } });
}
