import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Problem } from '../problem.ts';
import { diskProblem } from './disk-problem.mjs';
import type { SavedLocalKeys } from './local-keys.ts';
import type { Seeded } from './seed.ts';
import { assertUnlocked } from './table.ts';

/** What a start finds of the one before, beside the table: tokens are worth nothing without the keys. */
export interface Saved extends SavedLocalKeys, Seeded {
  /** Of the format; absent = 1. */
  version?: number;
  issuer?: string;
}

/** Raised when an older program could no longer read what is written here or in the table. */
const VERSION = 1;

export interface DataDirectory {
  /** Where the table is. */
  table: string;
  load(): Saved | undefined;
  save(saved: Saved): void;
}

/**
 * @param fresh removes what is there
 * @throws Problem if the directory cannot be made, or another process uses it
 */
export async function openDataDirectory(path: string, fresh = false): Promise<DataDirectory> {
  const file = join(path, 'local.json');
  const table = join(path, 'table');
  try {
    makeDirectory(table);
  } catch (error) {
    throw new Problem(diskProblem(error) ?? `--data ${path}: ${(error as Error).message}`);
  }
  await assertUnlocked(table);
  if (fresh) {
    // These two and not the directory, which may hold other things.
    rmSync(table, { recursive: true });
    rmSync(file, { force: true });
    mkdirSync(table, { mode: 0o700 });
  }
  return {
    table,
    load() {
      let text: string;
      try {
        text = readFileSync(file, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw new Problem(`--data ${path}: ${(error as Error).message}`);
      }
      const saved = parse(text, file);
      const { version = VERSION } = saved;
      if (version > VERSION) {
        throw new Problem(
          `${file} has format ${version}, and this version of Latchkey knows formats up to ${VERSION}; update it, choose another --data, or start anew with --fresh`,
        );
      }
      return saved;
    },
    save: (saved) => writePrivately(file, { ...saved, version: VERSION }),
  };
}

function parse(text: string, file: string): Saved {
  try {
    return JSON.parse(text) as Saved;
  } catch {
    throw new Problem(`${file} is not JSON; start anew with --fresh`);
  }
}

/**
 * Makes a directory and those above it, for this user only. One by one, because the recursive form of Node.js says on a
 * read-only file system that the directory above does not exist.
 */
export function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another start made it meanwhile
  }
}

/** Writes JSON that nobody else of this machine may read. */
export function writePrivately(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600); // the mode above is for a new file only
}
