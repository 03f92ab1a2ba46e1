// Tells which bundle of the command line belongs to the current sources.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Holds a directory for each bundle, named after its fingerprint. */
export const cache = join(root, 'node_modules/.cache/latchkey/cli');

/** Any file in these directories may end up in the bundle or affect how it is built. */
const DIRECTORIES = ['infra/cli', 'lib'];
const FILES = ['infra/resources/region.cjs', 'package.json', 'tsconfig.json'];

const isSource = (/** @type {string} */ file) => /\.m?ts$|\.mjs$/.test(file);

/** Every `npm ci` and `npm install` rewrites this file, so it stands for the installed packages. */
const INSTALLED = 'node_modules/.package-lock.json';

/** The files that determine a bundle, relative to the root. */
export const sources = (from = root) => [
  ...DIRECTORIES.flatMap((directory) =>
    readdirSync(join(from, directory), { recursive: true, encoding: 'utf8' })
      .filter(isSource)
      .map((file) => join(directory, file))
      .sort(),
  ),
  ...readdirSync(join(from, 'infra'))
    .filter(isSource)
    .map((file) => join('infra', file))
    .sort(),
  ...FILES,
];

/** Hashes contents rather than times, so that even quick edits are noticed and a copy of the sources gets the same result. */
export function fingerprint(from = root) {
  const hash = createHash('sha256');
  for (const file of sources(from)) {
    const content = readFileSync(join(from, file));
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  const installed = statSync(join(from, INSTALLED), { throwIfNoEntry: false });
  return hash.update(`${installed?.mtimeMs} ${installed?.size}`).digest('hex').slice(0, 32);
}
