import type { HttpResponse } from '../http/message.ts';
import { html } from './html.ts';
import { clientName, renderPage, type Site } from './page.ts';

/** Answers a form in place of a redirect. The link is for those whose browser, or app, does not go on by itself. */
export function leavingPage(site: Site, uri: string): HttpResponse {
  const { leaving: texts } = site.language.texts;
  const content = html`<div class="head"><h1>${texts.title}</h1>
${site.client && html`<p class="soft">${texts.text(clientName(site.client))}</p>`}</div>
<a href="${uri}" class="main">${texts.submit}</a>
<p class="small-text soft">${texts.hint}</p>`;
  return renderPage(site, { title: texts.title, content, leadsTo: uri });
}
