/** Markup that is safe to show. Only `html`, which escapes every text, and `trustedMarkup` create it. */
export interface Html {
  readonly [markup]: string;
}

const markup = Symbol('markup');

/** A value in a template. Texts are escaped, markup is not, lists are joined; `false` and `undefined` are left out. */
export type Value = string | number | Html | readonly Value[] | false | undefined;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

const escapeText = (text: string): string => text.replace(/[&<>"'`]/g, (character) => ESCAPES[character] ?? '');

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

function render(value: Value): string {
  if (value === undefined || value === false) return '';
  if (isList(value)) return value.map(render).join('');
  return typeof value === 'object' ? value[markup] : escapeText(String(value));
}

/** The values of attributes must be in quotes. No value may be in the name of a tag, in a script or in a style. */
export const html = (strings: TemplateStringsArray, ...values: readonly Value[]): Html => ({
  [markup]: strings.reduce((done, text, at) => done + render(values[at - 1]) + text),
});

/** A script, style or picture that is written in this repository and contains no text from outside. */
export const trustedMarkup = (text: string): Html => ({ [markup]: text });

export const serializeHtml = (document: Html): string => document[markup];
