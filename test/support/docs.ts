import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './local-service.ts';

/** Reads a document of the project, such as `README.md` or `docs/keys.md`. */
export const document = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The text under a heading, up to the next heading of the same or a higher level. */
export function section(text: string, heading: string, level = 2): string {
  const [, rest = ''] = text.split(`\n${'#'.repeat(level)} ${heading}`);
  return rest.split(new RegExp(`\n#{2,${level}} `))[0] ?? '';
}

/** The code of all code blocks in this language. */
export const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, code = '']) => code);

/** Separates the outputs of two blocks. */
const SEPARATOR = '----';

/**
 * Runs code blocks in one shell, as if they were pasted there, in the directory of a local service. Stops at the first command
 * that fails. `npx latchkey` runs the command line of this project.
 * @returns the output of each block, trimmed
 */
export async function runBlocks(code: readonly string[], directory: string): Promise<string[]> {
  const npx = `npx() { shift; node ${join(root, 'infra/cli/latchkey.mjs')} "$@"; }\n`;
  const script = npx + code.join(`\necho; echo ${SEPARATOR}\n`);
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { cwd: directory });
  return stdout.split(`${SEPARATOR}\n`).map((output) => output.trim());
}
