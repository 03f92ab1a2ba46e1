import type { AwsClientOptions } from '../aws-client.ts';
import type { Clause } from '../clause.ts';
import type { Change } from './write-expressions.ts';

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

/** A part of a partition, by sort keys. */
export interface Range {
  readonly from: string;
  /** Inclusive. */
  readonly to: string;
  /** The sort key of the last item of the slice before. */
  readonly after?: string | undefined;
  /** Items. */
  readonly limit?: number | undefined;
  readonly isDescending?: boolean;
  /** Costs half as much, and the newest writes may be missing. */
  readonly isEventual?: boolean;
  /** Of several slices that have one deadline together, by `elapsedMs`. */
  readonly startedAt?: number;
}

export interface Slice {
  readonly items: readonly Item[];
  /** Where the next one begins; undefined = there is no more. */
  readonly after: string | undefined;
}

/**
 * Every read is strongly consistent, unless a range says otherwise.
 * @throws Unavailable whenever DynamoDB does not succeed within the deadline
 */
export interface Table {
  /** @param attributes to read besides the key; absent = all */
  get(key: Key, attributes?: readonly string[]): Promise<Item | undefined>;
  /** False when a clause does not hold for the existing item, or for its absence. */
  put(item: Key & Item, when?: readonly Clause[]): Promise<boolean>;
  /** @returns the whole new item; undefined when a clause does not hold */
  set(key: Key, attributes: Item, when: readonly Clause[]): Promise<Item | undefined>;
  /** Without reading the item. False when a clause does not hold */
  setBlindly(key: Key, attributes: Item, when: readonly Clause[]): Promise<boolean>;
  /** As `set`, also for an item that does not exist. */
  update(key: Key, change: Change, when: readonly Clause[]): Promise<Item | undefined>;
  /** False when a clause does not hold for the existing item, or for its absence. */
  remove(key: Key, when?: readonly Clause[]): Promise<boolean>;
  /** Sorted by it. @param within absent = to the end of the partition */
  query(pk: string, from: string, within?: Page): Promise<Item[]>;
  /** One request, which reads up to 1 MB. */
  slice(pk: string, range: Range): Promise<Slice>;
  /** Reads the whole table. */
  scan(sk: string): Promise<Item[]>;
}

export type TableOptions = AwsClientOptions & {
  readonly tableName: string;
  /** Multiplies timeouts: an administrator can wait longer than a function. */
  readonly patience?: number;
};
