/** Markup that is safe to show. Made by `html` alone, so that every text in it was escaped on its way in. */
export interface Html {
  readonly [markup]: string;
}

const markup = Symbol('markup');

/** What a template takes: texts are escaped, markup is not, lists are put one behind the other, nothing leaves nothing. */
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

/** Attributes have to stand in quotes; nothing may be put into a tag's name, a script or a style. */
export const html = (strings: TemplateStringsArray, ...values: readonly Value[]): Html => ({
  [markup]: strings.reduce((done, text, at) => done + render(values[at - 1]) + text),
});

/** A script, a style or a picture that is written in this folder, and holds nothing from anywhere else. */
export const ours = (text: string): Html => ({ [markup]: text });

export const toText = (document: Html): string => document[markup];
