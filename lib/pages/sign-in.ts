import type { HttpResponse } from '../http/message.ts';
import { actionButton, type HtmlForm, htmlForm } from './form.ts';
import { type Html, html } from './html.ts';
import { clientLogo, clientName, renderPage, type Site } from './page.ts';

export const KEEP_FIELD = 'keep_signed_in';

export interface SignInPage {
  readonly form: HtmlForm;
  /** The initial value of the field. */
  readonly username?: string;
  /** Whether the person chose to stay signed in; absent = there is no such choice. */
  readonly keep?: boolean;
  /** Why the last attempt failed; seconds until the next attempt is allowed. */
  readonly failed?: 'refused' | { readonly seconds: number };
}

export function signInPage(site: Site, { form, username = '', keep, failed }: SignInPage): HttpResponse {
  const { signIn: texts } = site.language.texts;
  const problem = failed && (failed === 'refused' ? texts.refused : texts.delayed(failed.seconds));
  const invalid = failed === 'refused' && html` aria-invalid="true" aria-describedby="problem"`;
  const focus = html` autofocus`;
  const content = html`<div class="head">${site.client && clientLogo(site.client)}
<h1>${texts.title}</h1>
${site.client && html`<p class="soft">${texts.toContinue} <strong>${clientName(site.client)}</strong></p>`}</div>
${problem && html`<p class="notice" role="alert" id="problem">${problem}</p>`}
${htmlForm(
  form,
  html`<div class="field"><label for="username">${texts.username}</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="255" required${invalid}${username === '' && focus}></div>
<div class="field"><label for="password">${texts.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${invalid}${username !== '' && focus}></div>
${keep !== undefined && keepBox(texts.keep, keep)}<div class="buttons"><button type="submit" name="action" value="sign_in" class="main">${texts.submit}</button>
${actionButton('cancel', texts.cancel)}</div>`,
)}`;
  return renderPage(site, { title: texts.title, content, ...statusOf(failed) });
}

const keepBox = (label: string, isChosen: boolean): Html =>
  html`<label class="choice"><input type="checkbox" name="${KEEP_FIELD}" value="on"${isChosen && html` checked`}>${label}</label>
`;

function statusOf(failed: SignInPage['failed']) {
  if (failed === undefined) return {};
  if (failed === 'refused') return { status: 400 };
  return { status: 429, headers: { 'retry-after': String(failed.seconds) } };
}
