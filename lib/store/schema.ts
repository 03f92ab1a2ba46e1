import { version } from '../../package.json';
import { lazy } from '../lazy.ts';
import { Unavailable } from '../oauth/errors.ts';
import type { Item, Key, Table } from './table.ts';

/**
 * The newest form of the table that this code understands. A table without the item below has form 1, that of 0.1.0.
 *
 * Raise it with a change that the code before would misread: what it would take for valid, lose, or write in a form that
 * is no longer right. An attribute that it merely does not know needs no new number; a new value of one that it knows makes
 * the item a fault to it. To raise it: add one here; let this code go on reading what is there; and write
 * `{ version, needs: '<release>' }` to the item, by a conditional write that only ever raises it, before anything is written
 * in the new form.
 */
const SCHEMA = 1;

export const keyOfSchema: Key = { pk: 'SCHEMA', sk: 'SCHEMA' };

/** The table was written by a newer version, whose data this one could misread. Its message may be logged and shown. */
export class NewerSchema extends Unavailable {
  constructor({ version: schema, needs }: Item) {
    super('the table');
    const isVersion = typeof needs === 'string' && /^\d+\.\d+\.\d+$/.test(needs);
    const found = typeof schema === 'number' ? `schema ${schema}` : 'a schema without a number';
    const understood = `this version of Latchkey (${version}) understands up to ${SCHEMA}`;
    this.name = 'NewerSchema';
    this.message = `the table has ${found}, ${understood}: use ${isVersion ? `version ${needs} or newer` : 'the newer version'}`;
  }
}

/** @param item that of `keyOfSchema`, if there is one. @throws NewerSchema */
export function requireKnownSchema(item: Item | undefined): void {
  const schema = item ? item['version'] : 1;
  if (typeof schema !== 'number' || schema > SCHEMA) throw new NewerSchema(item ?? {});
}

/** The check of the schema in one container. @throws NewerSchema; Unavailable when the schema cannot be read */
export interface SchemaCheck {
  /** Reads the schema beside what is read anyway, so that it costs no round trip in sequence; only until it is known. */
  beside<Value>(reading: Promise<Value>): Promise<Value>;
  /** Is over when the schema is known. */
  first(): Promise<unknown>;
}

export function createSchemaCheck(get: (key: Key) => Promise<Item | undefined>): SchemaCheck {
  const check = lazy(async () => {
    requireKnownSchema(await get(keyOfSchema));
    return true;
  });
  return {
    async beside(reading) {
      // Both are waited for, so that no later request joins a check that is about to fail with this one.
      const [read, known] = await Promise.allSettled([reading, check()]);
      if (known.status === 'rejected') throw known.reason;
      if (read.status === 'rejected') throw read.reason;
      return read.value;
    },
    first: async () => check(),
  };
}

/** The table for one container. Nothing is written before the schema is known: what is newer is not changed either. */
export function withSchemaCheck(table: Table): Table {
  const { beside, first } = createSchemaCheck(table.get);
  return {
    get: (key) => beside(table.get(key)),
    query: (pk, from) => beside(table.query(pk, from)),
    scan: (sk) => beside(table.scan(sk)),
    put: (...write) => first().then(() => table.put(...write)),
    set: (...write) => first().then(() => table.set(...write)),
    remove: (key) => first().then(() => table.remove(key)),
  };
}
