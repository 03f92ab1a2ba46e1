import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { createCli } from '../infra/cli-runner.ts';
import { root } from './local-service.ts';
import { isLongRun } from './scale.ts';

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

/** Makes `npx latchkey` run the command line of this project. */
const IN_PROCESSES = `npx() { shift; node ${join(root, 'infra/cli/latchkey.mjs')} "$@"; }`;

/**
 * Runs code blocks in one shell, as if they were pasted there, in the directory of a local service. Stops at the first command
 * that fails.
 * @returns the output of each block, trimmed
 */
export async function runBlocks(
  code: readonly string[],
  directory: string,
  definition = IN_PROCESSES,
): Promise<string[]> {
  const script = `${definition}\n${code.join(`\necho; echo ${SEPARATOR}\n`)}`;
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { cwd: directory });
  return stdout.split(`${SEPARATOR}\n`).map((output) => output.trim());
}

/**
 * The same, but in the normal run all commands of `npx latchkey` run in this process, to which the shell sends their arguments:
 * that takes a tenth of the time. None may read its standard input.
 */
export async function runCommands(code: readonly string[], directory: string): Promise<string[]> {
  if (isLongRun) return runBlocks(code, directory);
  const latchkey = createCli({}, directory);
  const server = createServer(async (request, response) => {
    const { code, stdout, stderr } = await latchkey((await text(request)).split('\0').slice(1, -1));
    response.end(`${code}\n${stdout}${stderr}`);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const send = `printf '%s\\0' "$@" | curl -s --data-binary @- http://127.0.0.1:${port}`;
  const definition = `npx() { local said; said=$(${send}); echo "\${said#*$'\\n'}"; return "\${said%%$'\\n'*}"; }`;
  return runBlocks(code, directory, definition).finally(() => server.close());
}
