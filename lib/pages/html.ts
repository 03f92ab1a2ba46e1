/** Markup that is safe to show: only `html` makes it, which escapes every text, and `trustedMarkup`. */
export interface Html {
  readonly [markup]: string;
}

const markup = Symbol('markup');

/** The values of a template: texts are escaped, markup is not, lists are joined; `false` and `undefined` are left out. */
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

/** Attribute values must be in quotes. No value may be put into the name of a tag, a script or a style. */
export const html = (strings: TemplateStringsArray, ...values: readonly Value[]): Html => ({
  [markup]: strings.reduce((done, text, at) => done + render(values[at - 1]) + text),
});

/** A script, a style or a picture that is written in this repository, and contains no text from anywhere else. */
export const trustedMarkup = (text: string): Html => ({ [markup]: text });

export const toText = (document: Html): string => document[markup];
