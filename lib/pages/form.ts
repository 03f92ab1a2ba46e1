import { type Html, html } from './html.ts';

/** A form that posts back to this service, with a token that proves which page it was submitted from. */
export interface HtmlForm {
  /** A URL relative to the page: `?` and a query. */
  readonly action: string;
  /** Hidden fields: the name of the page, and its token. */
  readonly fields: Readonly<Record<string, string>>;
}

export const htmlForm = (
  { action, fields }: HtmlForm,
  content: Html,
): Html => html`<form method="post" action="${action}">
${hiddenFields(fields)}${content}
</form>`;

export const hiddenFields = (fields: HtmlForm['fields']): Html =>
  html`${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}`;

/** A button that submits the form with an action of its own. */
export const actionButton = (action: string, label: string, look: 'main' | 'plain' | 'link' = 'plain'): Html =>
  html`<button type="submit" name="action" value="${action}" class="${look}" formnovalidate>${label}</button>`;
