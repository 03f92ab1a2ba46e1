import type { AwsClientOptions } from '../aws-client.ts';
import type { Clause } from '../clause.ts';

/** It contains the item's kind. docs/design.md section 4 */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

export type Item = Record<string, unknown>;

/** What one request reads. */
export interface Page {
  /** The last sort key. */
  readonly to: string;
  /** A number of items, which have less than 1 MB together. */
  readonly limit: number;
}

/** The attributes of an item that make it part of the index `lists`. Without them, an item costs the index nothing. */
export interface Listed {
  /** The list: a kind, or a kind and whose items these are. */
  readonly listed_in: string;
  /** The list is sorted by it. At most 1,024 bytes. */
  readonly listed_as: string;
}

/** Every read is strongly consistent. @throws Unavailable whenever DynamoDB does not succeed within the deadline */
export interface Table {
  /** @param attributes to read besides the key; absent = all */
  get(key: Key, attributes?: readonly string[]): Promise<Item | undefined>;
  /** False when a clause does not hold for the existing item, or for its absence. */
  put(item: Key & Item, when?: readonly Clause[]): Promise<boolean>;
  /** @returns the whole new item; undefined when a clause does not hold */
  set(key: Key, attributes: Item, when: readonly Clause[]): Promise<Item | undefined>;
  /** Without reading the item. False when a clause does not hold */
  setBlindly(key: Key, attributes: Item, when: readonly Clause[]): Promise<boolean>;
  /** False when a clause does not hold for the existing item, or for its absence. */
  remove(key: Key, when?: readonly Clause[]): Promise<boolean>;
  /** Sorted by it. @param within absent = to the end of the partition */
  query(pk: string, from: string, within?: Page): Promise<Item[]>;
  /** Reads the whole table. */
  scan(sk: string): Promise<Item[]>;
}

export type TableOptions = AwsClientOptions & {
  readonly tableName: string;
  /** Multiplies timeouts: an administrator can wait longer than a function. */
  readonly patience?: number;
};
