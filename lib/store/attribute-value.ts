import type { Item } from './table.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html, without bytes and sets. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly L: readonly AttributeValue[] }
  | { readonly M: Attributes };

export type Attributes = Readonly<Record<string, AttributeValue>>;

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

function readNumber(digits: string): number {
  const number = Number(digits);
  return digits !== '' && Number.isFinite(number) ? number : refuse(digits);
}

function refuse(value: unknown): never {
  throw new Error(`the table returned an attribute of a type that is never stored (${typeof value})`);
}
