import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SavedLocalKeys } from './local-keys.ts';
import { Problem } from './problem.ts';
import type { Demo } from './seed.ts';

/** What a start with `--data DIR` finds of the one before, beside the table: tokens are worth nothing without the keys. */
export interface Saved extends SavedLocalKeys {
  issuer?: string;
  demo: Demo;
}

export interface DataDirectory {
  /** Where the table is. */
  table: string;
  load(): Saved | undefined;
  save(saved: Saved): void;
}

/** @throws Problem if the directory cannot be made */
export function openDataDirectory(path: string): DataDirectory {
  const file = join(path, 'local.json');
  const table = join(path, 'table');
  try {
    mkdirSync(table, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Problem(`--data ${path}: ${(error as Error).message}`);
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
      try {
        return JSON.parse(text) as Saved;
      } catch {
        throw new Problem(`${file} is not JSON; remove ${path} to start afresh`);
      }
    },
    save: (saved) => writePrivately(file, saved),
  };
}

/** Writes JSON that nobody else of this machine may read. */
export function writePrivately(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600); // the mode above is for a new file only
}
