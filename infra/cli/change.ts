import { isDeepStrictEqual } from 'node:util';
import type { RecordStore } from '../../lib/store/record.ts';
import { Problem } from '../problem.ts';
import { notFound } from './not-found.ts';

/** @throws Problem when there is no such record */
export async function get<Value>(records: RecordStore<Value>, kind: string, id: string): Promise<Value> {
  const value = await records.find(id);
  if (value === undefined) throw notFound(kind, id);
  return value;
}

/** @throws Problem when the id is taken */
export async function create<Value>(
  records: RecordStore<Value>,
  kind: string,
  id: string,
  value: Value,
): Promise<void> {
  if (await records.create(value)) return;
  // The AWS client retries a write whose answer was lost. If the first attempt succeeded, the stored record equals this one.
  if (isDeepStrictEqual(await records.find(id), value)) return;
  throw new Problem(`${kind} ${id} already exists: choose another id`);
}

/**
 * Changes a record, provided that it still has the version that was read. Tries once more after a conflicting change.
 * @param edit returns the new record, or the same object when there is nothing to change
 * @throws Problem when there is no such record, or when both attempts met a conflicting change
 */
export async function change<Value>(
  records: RecordStore<Value>,
  kind: string,
  id: string,
  edit: (value: Value) => Value | Promise<Value>,
): Promise<Value> {
  for (let attempt = 1; attempt <= 2; attempt++) {
    const found = await records.findVersion(id);
    if (!found) throw notFound(kind, id);
    const next = await edit(found.value);
    if (next === found.value || (await records.replace(next, found.version))) return next;
  }
  throw new Problem(`${kind} ${id} is being changed by somebody else: run the command again`);
}

/** A record whose members may be undefined. */
type Draft<Value> = { [Name in keyof Value]: Value[Name] | undefined };

/** The record without the members that are undefined. */
export const withoutUndefined = <Value extends object>(draft: Draft<Value>): Value =>
  Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)) as Value;
