import type { Clause } from '../clause.ts';
import { Unavailable } from '../oauth/errors.ts';
import { MalformedAttribute, type Parse } from './shape.ts';
import type { Item, Key, Listed, Page, Table } from './table.ts';

export interface ItemKind<Id extends readonly unknown[], Value> {
  /** Named in the log. */
  readonly kind: string;
  readonly key: (...id: Id) => Key;
  readonly parse: Parse<Value>;
  /** The only ones that `find` reads, as the role of the function may read no others: infra/resources/roles.yml. */
  readonly attributes?: readonly string[];
  /** The reverse of `parse`; by default the value's members. */
  readonly format?: (value: Value) => object;
  /** For kinds that are in lists: lib/store/lists.ts. It never changes. */
  readonly listed?: (value: Value) => Listed;
}

type ClauseOn<Value> = Clause<(keyof Value & string) | `${keyof Value & string}.${string}` | 'pk'>;

/** Each write is one conditional write. A malformed item is a fault and never counts as missing. @throws Unavailable */
export interface Items<Id extends readonly unknown[], Value> {
  find(...id: Id): Promise<Value | undefined>;
  put(id: Id, value: Value): Promise<void>;
  /** False when the item exists already. */
  create(id: Id, value: Value): Promise<boolean>;
  /** False when a clause does not hold for the existing item, or for its absence. */
  replace(id: Id, value: Value, when: readonly ClauseOn<Value>[]): Promise<boolean>;
  /** Undefined when a clause does not hold. */
  change(id: Id, attributes: Partial<Value>, when: readonly ClauseOn<Value>[]): Promise<Value | undefined>;
  /** As `change`, without reading the item. False when a clause does not hold. */
  changeBlindly(id: Id, attributes: Partial<Value>, when: readonly ClauseOn<Value>[]): Promise<boolean>;
  remove(...id: Id): Promise<void>;
  /** False when a clause does not hold. */
  removeIf(id: Id, when: readonly ClauseOn<Value>[]): Promise<boolean>;
  /**
   * @param prefix of the sort keys, if the partition also has items of other kinds
   * @param page absent = to the end of the partition
   */
  list(from: Key, prefix?: string, page?: Page): Promise<Value[]>;
  /** A page of a partition in which a malformed item stops no other. */
  batch(
    pk: string,
    range: Page & { readonly from: string; readonly behind: string | undefined },
  ): Promise<Batch<Value>>;
}

export interface Batch<Value> {
  readonly values: readonly Value[];
  readonly malformed: readonly MalformedItem[];
  /** The sort key behind which the next one begins; undefined = there is no more. */
  readonly last: string | undefined;
}

const isNew: Clause<'pk'> = { attribute: 'pk', test: 'absent' };
const exists: Clause<'pk'> = { attribute: 'pk', test: 'present' };

/** Lets a write succeed only if the item is still as it was read. @param attributes every change alters at least one */
export const unchanged = <Value extends object, Attribute extends keyof Value & string>(
  seen: Value | undefined,
  ...attributes: readonly Attribute[]
): Clause<Attribute | 'pk'>[] => {
  if (seen === undefined) return [isNew];
  const same = attributes.map((attribute): Clause<Attribute> => {
    const value = seen[attribute];
    return value === undefined ? { attribute, test: 'absent' } : { attribute, test: 'equals', value };
  });
  // An item that was removed since it was read must not come back.
  return [exists, ...same];
};

/** The message names the kind and an attribute, and quotes nothing from the item. */
export class MalformedItem extends Unavailable {
  constructor(kind: string, attribute: string) {
    super('the table');
    this.name = 'MalformedItem';
    this.message = `an item of kind ${kind} is malformed: ${attribute}`;
  }
}

/** Sort keys have no character that sorts before a space. */
const justBehind = (sk: string) => `${sk} `;

export function parseItem<Value>({ kind, parse }: Pick<ItemKind<[], Value>, 'kind' | 'parse'>, item: Item): Value {
  const { pk, sk, listed_in, listed_as, ...attributes } = item;
  try {
    return parse(attributes);
  } catch (error) {
    if (error instanceof MalformedAttribute) throw new MalformedItem(kind, error.message);
    throw error;
  }
}

export function items<Id extends readonly unknown[], Value extends object>(
  table: Table,
  { kind, key, parse: parseValue, attributes, format = (value) => value, listed }: ItemKind<Id, Value>,
): Items<Id, Value> {
  const parse = (item: Item) => parseItem({ kind, parse: parseValue }, item);
  const put = (id: Id, value: Value, when: readonly Clause[]) =>
    table.put({ ...format(value), ...listed?.(value), ...key(...id) }, when);

  return {
    async find(...id) {
      const item = await table.get(key(...id), attributes);
      return item && parse(item);
    },
    async put(id, value) {
      await put(id, value, []);
    },
    create: (id, value) => put(id, value, [isNew]),
    replace: put,
    async change(id, attributes, when) {
      const item = await table.set(key(...id), { ...(attributes as object) }, when);
      return item && parse(item);
    },
    changeBlindly: (id, attributes, when) => table.setBlindly(key(...id), { ...(attributes as object) }, when),
    async remove(...id) {
      await table.remove(key(...id));
    },
    removeIf: (id, when) => table.remove(key(...id), when),
    async list({ pk, sk: from }, prefix = '', page = undefined) {
      const found = await table.query(pk, from, page);
      return found.filter(({ sk }) => String(sk).startsWith(prefix)).map(parse);
    },
    async batch(pk, { from, to, behind, limit }) {
      const found = await table.query(pk, behind === undefined ? from : justBehind(behind), { to, limit });
      const values: Value[] = [];
      const malformed: MalformedItem[] = [];
      for (const item of found) {
        try {
          values.push(parse(item));
        } catch (error) {
          if (!(error instanceof MalformedItem)) throw error;
          malformed.push(error);
        }
      }
      return { values, malformed, last: found.length < limit ? undefined : String(found.at(-1)?.['sk']) };
    },
  };
}
