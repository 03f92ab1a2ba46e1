import type { AwsClientOptions } from '../aws-client.ts';
import type { Clause } from '../clause.ts';

/** The key of an item. The kind of a thing is part of its key. docs/design.md section 4. */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

export type Item = Record<string, unknown>;

/**
 * The table, in the few ways it is used. Every read is strongly consistent.
 * @throws Unavailable whenever DynamoDB does not do as asked, whatever the reason, within the deadline
 */
export interface Table {
  get(key: Key): Promise<Item | undefined>;
  /** Puts an item in the place of one for which all clauses hold, if there is one or not. False when one does not hold. */
  put(item: Key & Item, when?: readonly Clause[]): Promise<boolean>;
  /** Sets attributes of an item for which all clauses hold. @returns the whole item after that; undefined when one does not hold */
  set(key: Key, attributes: Item, when: readonly Clause[]): Promise<Item | undefined>;
  remove(key: Key): Promise<void>;
  /** All items of a partition from a sort key on, in its order. */
  query(pk: string, from: string): Promise<Item[]>;
  /** All items with this sort key, for administration: reads the whole table. */
  scan(sk: string): Promise<Item[]>;
}

export type TableOptions = AwsClientOptions & {
  readonly tableName: string;
  /** How many times as long as usual to wait for an answer. Functions have to answer in time; an administrator far away can wait. */
  readonly patience?: number;
};
