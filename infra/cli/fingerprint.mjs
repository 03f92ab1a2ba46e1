// Which bundle of the command line belongs to the sources as they are now.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where bundles are kept: a directory for each, named by its fingerprint. */
export const cache = join(root, 'node_modules/.cache/latchkey/cli');

/** Everything in these directories may be part of the bundle, or of how it is made. */
const DIRECTORIES = ['infra/cli', 'lib'];
const FILES = ['infra/random-password.ts', 'package.json', 'tsconfig.json'];

/** Rewritten by every `npm ci` and `npm install`, so it stands for the packages that are bundled. */
const INSTALLED = 'node_modules/.package-lock.json';

/** The files that decide what a bundle holds, relative to the root. */
export const sources = (from = root) => [
  ...DIRECTORIES.flatMap((directory) =>
    readdirSync(join(from, directory), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.m?ts$|\.mjs$/.test(file))
      .map((file) => join(directory, file))
      .sort(),
  ),
  ...FILES,
];

/** By content and not by time, so that no edit is missed, however quick, and a copy of the sources is recognized. */
export function fingerprint(from = root) {
  const hash = createHash('sha256');
  for (const file of sources(from)) {
    const content = readFileSync(join(from, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  const installed = statSync(join(from, INSTALLED), { throwIfNoEntry: false });
  return hash.update(`${installed?.mtimeMs} ${installed?.size}`).digest('hex').slice(0, 32);
}
