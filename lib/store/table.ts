import type { AwsClientOptions } from '../aws-client.ts';
import type { Clause } from '../clause.ts';

/** The key of an item. The kind of a thing is part of its key. docs/design.md section 4. */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

export type Item = Record<string, unknown>;

/** The clauses that must all hold for a write to happen, and the values they compare with. */
export interface Condition {
  readonly when: readonly string[];
  readonly values?: Readonly<Record<`:${string}`, unknown>>;
}

/** The item was not as the write demanded. Nothing was written. */
export class ConditionFailed extends Error {}

/**
 * The table, in the few ways it is used. Every read is strongly consistent.
 * @throws Unavailable whenever DynamoDB does not do as asked, whatever the reason, within the deadline
 */
export interface Table {
  get(key: Key): Promise<Item | undefined>;
  /** @throws ConditionFailed */
  put(item: Key & Item, condition?: Condition): Promise<void>;
  /** Sets attributes of an item for which all clauses hold, and gives what it is then. @throws ConditionFailed */
  set(key: Key, attributes: Item, when: readonly Clause[]): Promise<Item>;
  remove(key: Key): Promise<void>;
  /** All items of a partition from a sort key on, in its order. */
  query(pk: string, from: string): Promise<Item[]>;
  /** All items with this sort key, for administration: reads the whole table. */
  scan(sk: string): Promise<Item[]>;
}

/** The clause for what must not exist yet. */
export const isNew = 'attribute_not_exists(pk)';

export type TableOptions = AwsClientOptions & {
  readonly tableName: string;
  /** How many times as long as usual to wait for an answer. Functions have to answer in time; an administrator far away can wait. */
  readonly patience?: number;
};
