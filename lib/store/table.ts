import type { AwsClientOptions } from '../aws-client.ts';
import type { Clause } from '../clause.ts';

/** The key of an item, which contains the item's kind. docs/design.md section 4 */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

export type Item = Record<string, unknown>;

/**
 * The operations on the table. Every read is strongly consistent.
 * @throws Unavailable when DynamoDB does not succeed within the deadline, whatever the reason
 */
export interface Table {
  get(key: Key): Promise<Item | undefined>;
  /** Creates or replaces an item. False when a clause does not hold for the existing item, or for its absence. */
  put(item: Key & Item, when?: readonly Clause[]): Promise<boolean>;
  /** Sets attributes of an item. @returns the whole new item; undefined when a clause does not hold */
  set(key: Key, attributes: Item, when: readonly Clause[]): Promise<Item | undefined>;
  remove(key: Key): Promise<void>;
  /** All items of a partition from a sort key on, sorted by it. */
  query(pk: string, from: string): Promise<Item[]>;
  /** All items with this sort key, for administration: reads the whole table. */
  scan(sk: string): Promise<Item[]>;
}

export type TableOptions = AwsClientOptions & {
  readonly tableName: string;
  /** The factor by which timeouts are longer. Functions have to answer in time; an administrator can wait. */
  readonly patience?: number;
};
