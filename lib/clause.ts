/**
 * On an attribute or its member (`claims.client_id`). The store translates it, and the state machine of a grant evaluates it.
 */
export interface Clause<Attribute extends string = string> {
  readonly attribute: Attribute;
  readonly test: ClauseTest;
  /** Not for `absent` and `present`. */
  readonly value?: unknown;
}

export type ClauseTest = 'equals' | 'differs' | 'exceeds' | 'below' | 'includes' | 'absent' | 'present';

/** A missing attribute is `absent`, `differs` from every value and is `below` every number. */
const tests = {
  equals: (actual, value) => actual !== undefined && actual === value,
  differs: (actual, value) => actual !== value,
  exceeds: (actual, value) => typeof actual === 'number' && typeof value === 'number' && actual > value,
  below: (actual, value) =>
    actual === undefined || (typeof actual === 'number' && typeof value === 'number' && actual < value),
  includes: (actual, value) => Array.isArray(actual) && actual.includes(value),
  absent: (actual) => actual === undefined,
  present: (actual) => actual !== undefined,
} as const satisfies Record<ClauseTest, (actual: unknown, value: unknown) => boolean>;

/** Whether an item that was read satisfies a clause. */
export const clauseHolds = <Attribute extends string>(
  item: { readonly [Name in Attribute]?: unknown },
  { attribute, test, value }: Clause<Attribute>,
): boolean => tests[test](item[attribute], value);
