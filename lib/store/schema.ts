import { version } from '../../package.json';
import { lazy } from '../lazy.ts';
import { Unavailable } from '../oauth/errors.ts';
import type { Item, Key, Table } from './table.ts';

/**
 * A table without the item below has schema 1, that of 0.1.0. Raise it with a change that earlier code would misread, not for a
 * new attribute, which earlier code ignores: add one here, keep reading existing items, and write `{ version, needs:
 * '<release>' }` to the item, by a conditional write that only raises it, before anything is written in the new form.
 */
const SCHEMA = 1;

export const keyOfSchema: Key = { pk: 'SCHEMA', sk: 'SCHEMA' };

/** Newer code has written data that this version could misread. The message may be logged and shown. */
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

/** @param item that of `keyOfSchema` */
export function requireKnownSchema(item: Item | undefined): void {
  const schema = item ? item['version'] : 1;
  if (typeof schema !== 'number' || schema > SCHEMA) throw new NewerSchema(item ?? {});
}

/** @throws NewerSchema; Unavailable when the schema cannot be read */
export interface SchemaCheck {
  /** Adds no round trip to the other read. Once checked, the schema is not read again. */
  checkDuring<Value>(reading: Promise<Value>): Promise<Value>;
  checkSchema(): Promise<unknown>;
}

export function createSchemaCheck(get: (key: Key) => Promise<Item | undefined>): SchemaCheck {
  const checkSchema = lazy(async () => {
    requireKnownSchema(await get(keyOfSchema));
    return true;
  });
  return {
    async checkDuring(reading) {
      // Both are awaited, so that no later request shares a check that is about to fail together with this one.
      const [read, known] = await Promise.allSettled([reading, checkSchema()]);
      if (known.status === 'rejected') throw known.reason;
      if (read.status === 'rejected') throw read.reason;
      return read.value;
    },
    checkSchema: async () => checkSchema(),
  };
}

/** Never written before the schema has been checked, so that a newer table is not changed. */
export function withSchemaCheck(table: Table): Table {
  const { checkDuring, checkSchema } = createSchemaCheck(table.get);
  return {
    get: (key, attributes) => checkDuring(table.get(key, attributes)),
    query: (...read) => checkDuring(table.query(...read)),
    slice: (...read) => checkDuring(table.slice(...read)),
    scan: (sk) => checkDuring(table.scan(sk)),
    put: (...write) => checkSchema().then(() => table.put(...write)),
    set: (...write) => checkSchema().then(() => table.set(...write)),
    update: (...write) => checkSchema().then(() => table.update(...write)),
    setBlindly: (...write) => checkSchema().then(() => table.setBlindly(...write)),
    remove: (...write) => checkSchema().then(() => table.remove(...write)),
  };
}
