export type Shape<Value> = (value: unknown) => value is Value;

export const text: Shape<string> = (value): value is string => typeof value === 'string';

export const number: Shape<number> = (value): value is number => typeof value === 'number';

export const boolean: Shape<boolean> = (value): value is boolean => typeof value === 'boolean';

/** For values that are validated where they are used. */
export const anything: Shape<unknown> = (_value): _value is unknown => true;

export const oneOf = <const Value extends string>(...values: readonly Value[]): Shape<Value> => {
  const known: ReadonlySet<unknown> = new Set(values);
  return (value): value is Value => known.has(value);
};

export const either =
  <One, Other>(one: Shape<One>, other: Shape<Other>): Shape<One | Other> =>
  (value): value is One | Other =>
    one(value) || other(value);

export const optional =
  <Value>(shape: Shape<Value>): Shape<Value | undefined> =>
  (value): value is Value | undefined =>
    value === undefined || shape(value);

export const listOf =
  <Value>(member: Shape<Value>): Shape<readonly Value[]> =>
  (value): value is readonly Value[] =>
    Array.isArray(value) && value.every(member);

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const map =
  <Value>(member: Shape<Value>): Shape<Readonly<Record<string, Value>>> =>
  (value): value is Readonly<Record<string, Value>> =>
    isMap(value) && Object.values(value).every(member);

export type Members<Value> = { readonly [Name in keyof Value]-?: Shape<Value[Name]> };

/** It may have other members, because newer versions of Latchkey may add some. */
export const object = <Value extends object>(members: Members<Value>): Shape<Value> => {
  const shapes = Object.entries<Shape<unknown>>(members);
  return (value): value is Value => isMap(value) && shapes.every(([name, shape]) => shape(value[name]));
};

/** The message is the attribute's name. */
export class MalformedAttribute extends Error {}

/** @throws MalformedAttribute */
export type Parse<Value> = (attributes: Readonly<Record<string, unknown>>) => Value;

/** Other attributes are kept as they are. */
export function parser<Value extends object>(members: Members<Value>): Parse<Value> {
  const hasShape = object(members);
  const shapes = Object.entries<Shape<unknown>>(members);
  return (attributes) => {
    if (hasShape(attributes)) return attributes;
    throw new MalformedAttribute(shapes.find(([name, shape]) => !shape(attributes[name]))?.[0]);
  };
}
