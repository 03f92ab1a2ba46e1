import type { HttpResponse } from '../http/message.ts';
import { actionButton, type HtmlForm, htmlForm } from './form.ts';
import { html } from './html.ts';
import { clientLogo, clientName, firstLetter, renderPage, type Site } from './page.ts';

export interface AccountPage {
  readonly form: HtmlForm;
  readonly name: string | undefined;
}

export function accountPage(site: Site, { form, name }: AccountPage): HttpResponse {
  const { account: texts } = site.language.texts;
  const shown = name ?? texts.nameless;
  const content = html`<div class="head">${site.client && clientLogo(site.client)}
<h1>${texts.title}</h1>
${site.client && html`<p class="soft">${texts.toContinue} <strong>${clientName(site.client)}</strong></p>`}</div>
${htmlForm(
  form,
  html`<div class="buttons"><button type="submit" name="action" value="continue" class="account">
<span class="mark small" aria-hidden="true">${firstLetter(shown)}</span>
<span><span class="name">${shown}</span><br><span class="soft small-text">${texts.signedIn}</span></span></button>
${actionButton('switch', texts.another)}
${actionButton('cancel', texts.cancel, 'link')}</div>`,
)}`;
  return renderPage(site, { title: texts.title, content });
}
