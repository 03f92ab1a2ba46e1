import type { Clause, ClauseTest } from '../clause.ts';
import { toAttributes } from './attribute-value.ts';
import type { Item } from './table.ts';

/** Each test as DynamoDB writes it. */
const expressions = {
  equals: (name, value) => `${name} = ${value}`,
  differs: (name, value) => `${name} <> ${value}`,
  exceeds: (name, value) => `${name} > ${value}`,
  includes: (name, value) => `contains(${name}, ${value})`,
  absent: (name) => `attribute_not_exists(${name})`,
  present: (name) => `attribute_exists(${name})`,
} as const satisfies Record<ClauseTest, (name: string, value: string) => string>;

/** An update as DynamoDB wants it: every name and value by a placeholder, because some names are reserved words. */
export function updateInput(attributes: Item, when: readonly Clause[]) {
  const names = new Map<string, string>();
  const values: Record<string, unknown> = {};

  const nameOf = (path: string) =>
    path
      .split('.')
      .map((name) => {
        const known = names.get(name) ?? `#n${names.size}`;
        names.set(name, known);
        return known;
      })
      .join('.');

  const placeholderFor = (value: unknown) => {
    const placeholder = `:v${Object.keys(values).length}`;
    values[placeholder] = value;
    return placeholder;
  };

  const changes = Object.entries(attributes).map(([name, value]) => `${nameOf(name)} = ${placeholderFor(value)}`);
  const conditions = when.map(({ attribute, test, value }) =>
    expressions[test](nameOf(attribute), value === undefined ? '' : placeholderFor(value)),
  );
  return {
    UpdateExpression: `SET ${changes.join(', ')}`,
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: Object.fromEntries([...names].map(([name, placeholder]) => [placeholder, name])),
    ExpressionAttributeValues: toAttributes(values),
  };
}
