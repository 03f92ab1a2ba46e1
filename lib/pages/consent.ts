import type { HttpResponse } from '../http/message.ts';
import { actionButton, type HtmlForm, htmlForm } from './form.ts';
import { type Html, html } from './html.ts';
import { tick } from './icons.ts';
import { clientLogo, clientName, firstLetter, renderPage, type Site } from './page.ts';
import type { Texts } from './texts.ts';

export interface ConsentPage {
  readonly form: HtmlForm;
  readonly name: string | undefined;
  readonly scope: readonly string[];
  /** Those that the scopes of APIs are for. */
  readonly resources: readonly string[];
  /** Undefined for an app on the device. */
  readonly destination: string | undefined;
}

export function consentPage(site: Site, page: ConsentPage): HttpResponse {
  const { consent: texts, account, scopes } = site.language.texts;
  const client = site.client ? clientName(site.client) : '';
  const shown = page.name ?? account.nameless;
  const items = page.scope.map((scope) => scopeItem(scope, page.resources, scopes, texts));
  const content = html`<div class="head">${site.client && clientLogo(site.client)}
<h1>${texts.title(client)}</h1></div>
${htmlForm(
  page.form,
  html`<div class="who"><span class="mark small" aria-hidden="true">${firstLetter(shown)}</span>
<div><p class="small-text soft">${texts.signedInAs}</p><p class="name">${shown}</p>${actionButton('switch', texts.another, 'link')}</div></div>
${
  items.length > 0
    ? html`<p id="intro">${texts.intro(client)}</p><ul class="scopes" aria-labelledby="intro">${items}</ul>`
    : html`<p>${texts.nothing(client)}</p>`
}
<p class="small-text soft">${page.destination === undefined ? texts.app : texts.destination(page.destination)}</p>
<div class="buttons pair">${actionButton('cancel', texts.deny)}${actionButton('allow', texts.allow, 'main')}</div>`,
)}`;
  return renderPage(site, { title: texts.title(client), content });
}

function scopeItem(
  scope: string,
  resources: readonly string[],
  meanings: Texts['scopes'],
  texts: Texts['consent'],
): Html {
  const isKnown = Object.hasOwn(meanings, scope);
  const place = !isKnown && resources.length > 0 && html`<small>${texts.at(resources.join(', '))}</small>`;
  return html`<li>${tick}<span>${isKnown ? meanings[scope] : scope}${place}</span></li>`;
}
