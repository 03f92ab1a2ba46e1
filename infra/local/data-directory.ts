import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Problem } from '../problem.ts';
import { diskProblem } from './disk-problem.mjs';
import type { KeyOrigin, SavedLocalKeys } from './local-keys.ts';
import type { Seeded } from './seed.ts';
import { assertUnlocked } from './table.ts';

/** What the next start needs in addition to the table: without the keys, earlier tokens would be worthless. */
export interface Saved extends SavedLocalKeys, Seeded {
  /** Version of the file format; absent = 1. */
  version?: number;
  issuer?: string;
  /** The origin of the keys of the last start. */
  origin?: KeyOrigin;
}

/** To be raised when older programs can no longer read this file or the table. */
const VERSION = 1;

/** Why a directory cannot be made, by the code of the error. */
const impossible = new Map([
  ['ENOENT', 'no directory can be created there'], // such as in /proc
  ['ENOTDIR', 'a part of this path is a file'],
  ['ENAMETOOLONG', 'this path is too long'],
]);

export interface DataDirectory {
  path: string;
  /** The directory of the table. */
  table: string;
  load(): Saved | undefined;
  save(saved: Saved): void;
}

/**
 * @param fresh removes the data of earlier starts
 * @throws Problem if the directory cannot be created, or another process uses it
 */
export async function openDataDirectory(path: string, fresh = false): Promise<DataDirectory> {
  const file = join(path, 'local.json');
  const table = join(path, 'table');
  try {
    makeDirectory(table);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const reason = impossible.get(code);
    if (reason) throw new Problem(`--data ${path}: ${reason}; choose another directory`);
    throw new Problem(diskProblem(error) ?? `--data ${path}: ${message}`);
  }
  await assertUnlocked(table);
  if (fresh) {
    // Not the whole directory, which may hold other files.
    rmSync(table, { recursive: true });
    rmSync(file, { force: true });
    mkdirSync(table, { mode: 0o700 });
  }
  return {
    path,
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
          `${file} has format ${version}, but this version of Latchkey can only read formats up to ${VERSION}: update Latchkey, choose another --data, or start over with --fresh`,
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
    throw new Problem(`${file} is not JSON: start over with --fresh`);
  }
}

/**
 * Creates a directory and its parents, for this user only. Not with the recursive form of Node.js, which on a read-only file
 * system reports that the parent does not exist.
 */
export function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // created by another start in the meantime
  }
}

/** Writes JSON to a file that only this user can read. The file has either the old or the new content, never a part of it. */
export function writePrivately(file: string, value: unknown): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
