import type { HttpResponse } from '../http/message.ts';
import { hiddenFields } from './form.ts';
import { html, trustedMarkup } from './html.ts';
import { clientName, renderPage, type Site } from './page.ts';

export interface FormPost {
  readonly redirect_uri: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const submit = trustedMarkup('document.forms[0].submit()');

/** By a script, or by a button when scripts are blocked. OAuth 2.0 Form Post Response Mode 1.0 */
export function formPostPage(site: Site, { redirect_uri, parameters }: FormPost): HttpResponse {
  const { leaving: texts } = site.language.texts;
  const content = html`<div class="head"><h1>${texts.title}</h1>
${site.client && html`<p class="soft">${texts.text(clientName(site.client))}</p>`}</div>
<form method="post" action="${redirect_uri}">
${hiddenFields(parameters)}<button type="submit" class="main">${texts.submit}</button>
</form>
<p class="small-text soft">${texts.hint}</p>`;
  return renderPage(site, { title: texts.title, content, hasClientForm: true, script: submit });
}
