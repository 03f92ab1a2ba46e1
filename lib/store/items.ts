import type { Clause } from '../clause.ts';
import { Unavailable } from '../oauth/errors.ts';
import { Misshapen, type Parse } from './shape.ts';
import type { Item, Key, Table } from './table.ts';

/** What the items of one kind have in common. */
export interface ItemKind<Id extends readonly unknown[], Value> {
  /** Names it in the log. Where the kind has items with one sort key, this is it. */
  readonly kind: string;
  readonly key: (...id: Id) => Key;
  readonly parse: Parse<Value>;
  /** What is stored of a value; by default its own members. The reverse of `parse`. */
  readonly format?: (value: Value) => object;
}

/** A clause on an attribute of an item, or on a member of an attribute. */
type ClauseOn<Value> = Clause<(keyof Value & string) | `${keyof Value & string}.${string}` | 'pk'>;

/**
 * The items of one kind. Each write is one conditional write, and each read is checked: what is not as its kind must be is a
 * fault, and never taken for something that is not there.
 * @throws Unavailable
 */
export interface Items<Id extends readonly unknown[], Value> {
  find(...id: Id): Promise<Value | undefined>;
  /** Whatever was there before. */
  put(id: Id, value: Value): Promise<void>;
  /** False when there is one already. */
  create(id: Id, value: Value): Promise<boolean>;
  /** False when a clause does not hold for what is there. */
  replace(id: Id, value: Value, when: readonly ClauseOn<Value>[]): Promise<boolean>;
  /** Sets attributes. @returns the value after that; undefined when a clause does not hold */
  change(id: Id, attributes: Partial<Value>, when: readonly ClauseOn<Value>[]): Promise<Value | undefined>;
  remove(...id: Id): Promise<void>;
  /**
   * Those of a partition from a sort key on, page after page.
   * @param prefix what their sort keys begin with, where the partition has items of other kinds too
   */
  list(from: Key, prefix?: string): Promise<Value[]>;
  /** All that have the kind as their sort key, for administration: reads the whole table, page after page. */
  scan(): Promise<Value[]>;
}

const isNew: Clause<'pk'> = { attribute: 'pk', test: 'absent' };
const exists: Clause<'pk'> = { attribute: 'pk', test: 'present' };

/**
 * The clauses of a change that is made to what was read, and to nothing else: the attributes that every change gives another
 * value are as they were then.
 * @param seen undefined where there was none
 */
export const unchanged = <Value extends object, Attribute extends keyof Value & string>(
  seen: Value | undefined,
  ...attributes: readonly Attribute[]
): Clause<Attribute | 'pk'>[] => {
  if (seen === undefined) return [isNew];
  const same = attributes.map((attribute): Clause<Attribute> => {
    const value = seen[attribute];
    return value === undefined ? { attribute, test: 'absent' } : { attribute, test: 'equals', value };
  });
  // What was removed meanwhile must not come back.
  return [exists, ...same];
};

/** An item is not what its kind has to be. Names the kind and an attribute, and quotes nothing of the item. */
export class MalformedItem extends Unavailable {
  constructor(kind: string, attribute: string) {
    super('the table');
    this.name = 'MalformedItem';
    this.message = `an item of kind ${kind} is malformed: ${attribute}`;
  }
}

/** @throws MalformedItem */
export function parseItem<Value>({ kind, parse }: Pick<ItemKind<[], Value>, 'kind' | 'parse'>, item: Item): Value {
  const { pk, sk, ...attributes } = item;
  try {
    return parse(attributes);
  } catch (error) {
    if (error instanceof Misshapen) throw new MalformedItem(kind, error.message);
    throw error;
  }
}

export function items<Id extends readonly unknown[], Value extends object>(
  table: Table,
  { kind, key, parse: parseValue, format = (value) => value }: ItemKind<Id, Value>,
): Items<Id, Value> {
  const parse = (item: Item) => parseItem({ kind, parse: parseValue }, item);
  const put = (id: Id, value: Value, when: readonly Clause[]) => table.put({ ...format(value), ...key(...id) }, when);

  return {
    async find(...id) {
      const item = await table.get(key(...id));
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
    remove: (...id) => table.remove(key(...id)),
    async list({ pk, sk: from }, prefix = '') {
      const found = await table.query(pk, from);
      return found.filter(({ sk }) => String(sk).startsWith(prefix)).map(parse);
    },
    scan: async () => (await table.scan(kind)).map(parse),
  };
}
