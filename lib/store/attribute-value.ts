import type { Item } from './table.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html, without single bytes and other sets. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly BS: readonly string[] }
  | { readonly L: readonly AttributeValue[] }
  | { readonly M: Attributes };

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Never empty. Its members stay in base64, as the table sends them, because most of them are decoded elsewhere or never. */
export class BinarySet {
  readonly members: readonly string[];

  constructor(members: readonly string[]) {
    this.members = members;
  }
}

/** Leaves out undefined values. */
export const toAttributes = (item: Item): Attributes =>
  Object.fromEntries(
    Object.entries(item).flatMap(([name, value]) => (value === undefined ? [] : [[name, toAttribute(value)]])),
  );

function toAttribute(value: unknown): AttributeValue {
  if (typeof value === 'string' && value.isWellFormed()) return { S: value };
  if (typeof value === 'number' && Number.isFinite(value)) return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  if (value instanceof BinarySet) return { BS: value.members };
  if (Array.isArray(value)) return { L: value.map(toAttribute) };
  if (typeof value === 'object' && isPlain(value)) return { M: toAttributes(value as Item) };
  throw new TypeError(`the table cannot store a ${typeof value} like this one`);
}

const isPlain = (value: object) => [Object.prototype, null].includes(Object.getPrototypeOf(value));

/** @throws Error for a type that is never stored */
export const fromAttributes = (attributes: unknown): Item =>
  Object.fromEntries(entriesOf(attributes).map(([name, value]) => [name, fromAttribute(value)]));

const readers = new Map<string, (value: unknown) => unknown>([
  ['S', (value) => expectType(value, 'string')],
  ['N', (value) => readNumber(expectType(value, 'string'))],
  ['BOOL', (value) => expectType(value, 'boolean')],
  ['NULL', () => null],
  ['L', (value) => (Array.isArray(value) ? value.map(fromAttribute) : refuse(value))],
  ['M', fromAttributes],
  ['BS', (value) => new BinarySet(expectTexts(value))],
]);

function fromAttribute(attribute: unknown): unknown {
  const [[type = '', value] = [], ...others] = entriesOf(attribute);
  const read = readers.get(type);
  return read && others.length === 0 ? read(value) : refuse(attribute);
}

const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : refuse(value);

const expectType = <Type extends 'string' | 'boolean'>(value: unknown, type: Type) =>
  typeof value === type ? (value as Type extends 'string' ? string : boolean) : refuse(value);

const expectTexts = (value: unknown): readonly string[] =>
  Array.isArray(value) && value.every((member) => typeof member === 'string') ? value : refuse(value);

function readNumber(digits: string): number {
  const number = Number(digits);
  return digits !== '' && Number.isFinite(number) ? number : refuse(digits);
}

function refuse(value: unknown): never {
  throw new Error(`the table returned an attribute of a type that is never stored (${typeof value})`);
}
