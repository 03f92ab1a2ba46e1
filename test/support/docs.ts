import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './local-service.ts';

/** A document of the project, by its path: `README.md`, `docs/keys.md`. */
export const document = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The text under a heading of this level, up to the next heading of that level or a higher one. */
export function section(text: string, heading: string, level = 2): string {
  const [, rest = ''] = text.split(`\n${'#'.repeat(level)} ${heading}`);
  return rest.split(new RegExp(`\n#{2,${level}} `))[0] ?? '';
}

/** The code of all blocks in this language. */
export const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, code = '']) => code);

/** A line between the outputs of two blocks. */
const SEPARATOR = '----';

/**
 * Runs blocks in one shell, as if they were pasted there, in the directory of a local service. It ends at the first command
 * that fails. `npx latchkey` is the program of this project.
 * @returns what each block wrote, without white space around it
 */
export async function runBlocks(code: readonly string[], directory: string): Promise<string[]> {
  const npx = `npx() { shift; node ${join(root, 'infra/cli/latchkey.mjs')} "$@"; }\n`;
  const script = npx + code.join(`\necho; echo ${SEPARATOR}\n`);
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { cwd: directory });
  return stdout.split(`${SEPARATOR}\n`).map((output) => output.trim());
}
