import type { HttpResponse } from '../http/message.ts';
import { actionButton, type HtmlForm, htmlForm } from './form.ts';
import { html } from './html.ts';
import { clientName, renderPage, type Site } from './page.ts';

/** Asks the person to confirm. To stay signed in, they close the page. */
export function confirmSignOutPage(site: Site, form: HtmlForm): HttpResponse {
  const { signOut: texts } = site.language.texts;
  const content = html`<div class="head"><h1>${texts.title}</h1>
<p class="soft">${texts.text(site.service.name)}${site.client && html` ${texts.askedBy(clientName(site.client))}`}</p></div>
${htmlForm(form, html`<div class="buttons">${actionButton('sign_out', texts.submit, 'main')}</div>`)}`;
  return renderPage(site, { title: texts.title, content });
}

export function signedOutPage(site: Site): HttpResponse {
  const { signOut: texts } = site.language.texts;
  const content = html`<div class="head"><h1>${texts.doneTitle}</h1><p class="soft">${texts.doneText}</p></div>`;
  return renderPage(site, { title: texts.doneTitle, content, isLast: true });
}
