/** A condition on one attribute of an item. The same list of them decides in the store and in a model of it. */
export interface Clause<Item> {
  readonly attribute: keyof Item & string;
  readonly test: ClauseTest;
  /** What the attribute is compared with; nothing for `absent` and `present`. */
  readonly value?: unknown;
}

export type ClauseTest = 'equals' | 'differs' | 'exceeds' | 'includes' | 'absent' | 'present';

/** What each test says of an attribute; one that is not there is `absent`, and `differs` from everything. */
const tests = {
  equals: (actual, value) => actual !== undefined && actual === value,
  differs: (actual, value) => actual !== value,
  exceeds: (actual, value) => typeof actual === 'number' && typeof value === 'number' && actual > value,
  includes: (actual, value) => Array.isArray(actual) && actual.includes(value),
  absent: (actual) => actual === undefined,
  present: (actual) => actual !== undefined,
} as const satisfies Record<ClauseTest, (actual: unknown, value: unknown) => boolean>;

export const holds = <Item>(item: Item, { attribute, test, value }: Clause<Item>): boolean =>
  tests[test](item[attribute as keyof Item], value);
