import { type Html, html } from './html.ts';

/** Its page token proves from which page it is submitted. */
export interface HtmlForm {
  /** A URL relative to the page's: `?` and a query. */
  readonly action: string;
  /** The page's name and the page token. */
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

export const actionButton = (action: string, label: string, look: 'main' | 'plain' | 'link' = 'plain'): Html =>
  html`<button type="submit" name="action" value="${action}" class="${look}" formnovalidate>${label}</button>`;
