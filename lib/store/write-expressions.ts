import type { Clause, ClauseTest } from '../clause.ts';
import { toAttributes } from './attribute-value.ts';
import type { Item } from './table.ts';

const expressions = {
  equals: (name, value) => `${name} = ${value}`,
  differs: (name, value) => `${name} <> ${value}`,
  exceeds: (name, value) => `${name} > ${value}`,
  below: (name, value) => `(attribute_not_exists(${name}) OR ${name} < ${value})`,
  includes: (name, value) => `contains(${name}, ${value})`,
  absent: (name) => `attribute_not_exists(${name})`,
  present: (name) => `attribute_exists(${name})`,
} as const satisfies Record<ClauseTest, (name: string, value: string) => string>;

export interface Change {
  /** Absent when the whole item is put. */
  readonly set?: Item;
  /** Attributes that are set unless the item has them. */
  readonly initial?: Item;
  /** To a number or a set. */
  readonly add?: Item;
}

/** With placeholders, because some names are reserved words. */
export function writeExpressions({ set, initial, add, when }: Change & { readonly when: readonly Clause[] }) {
  const names = new Map<string, string>();
  const values = new Map<string, unknown>();

  const placeholderOfName = (name: string) => {
    const known = names.get(name) ?? `#n${names.size}`;
    names.set(name, known);
    return known;
  };
  const nameOf = (path: string) => path.split('.').map(placeholderOfName).join('.');
  const placeholderOf = (value: unknown) => {
    const placeholder = `:v${values.size}`;
    values.set(placeholder, value);
    return placeholder;
  };

  const changes = [
    ...Object.entries(set ?? {}).map(([name, value]) => `${nameOf(name)} = ${placeholderOf(value)}`),
    ...Object.entries(initial ?? {}).map(
      ([name, value]) => `${nameOf(name)} = if_not_exists(${nameOf(name)}, ${placeholderOf(value)})`,
    ),
  ];
  const additions = Object.entries(add ?? {}).map(([name, value]) => `${nameOf(name)} ${placeholderOf(value)}`);
  const update = [
    ...(changes.length > 0 ? [`SET ${changes.join(', ')}`] : []),
    ...(additions.length > 0 ? [`ADD ${additions.join(', ')}`] : []),
  ];
  const conditions = when.map(({ attribute, test, value }) =>
    expressions[test](nameOf(attribute), value === undefined ? '' : placeholderOf(value)),
  );
  return {
    ...(update.length > 0 && { UpdateExpression: update.join(' ') }),
    ...(conditions.length > 0 && { ConditionExpression: conditions.join(' AND ') }),
    ...(names.size > 0 && {
      ExpressionAttributeNames: Object.fromEntries([...names].map(([name, placeholder]) => [placeholder, name])),
    }),
    ...(values.size > 0 && { ExpressionAttributeValues: toAttributes(Object.fromEntries(values)) }),
  };
}
