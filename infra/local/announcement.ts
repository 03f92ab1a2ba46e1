// Tells tests, scripts and the command line which stacks are running: each stack has a file `.latchkey/<port>.json`, and
// `.latchkey/demo.json` is a copy of the file of the stack that was started last.
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from '../running-stack.ts';
import { makeDirectory, writePrivately } from './data-directory.ts';

/** The members of a file that identify one run of a stack. */
interface Running {
  pid: number;
  table: { endpoint: string };
}

/** @returns a function that removes the files when the stack stops */
export async function announce(
  directory: string,
  port: number,
  content: { table: { endpoint: string } },
): Promise<() => Promise<void>> {
  const own = join(directory, '.latchkey');
  makeDirectory(own);
  for (const { file, isStale } of await announcements(own)) if (isStale) rmSync(file, { force: true });
  const file = join(own, `${port}.json`);
  writePrivately(file, { ...content, pid: process.pid });
  writePrivately(join(own, 'demo.json'), content);
  return async () => {
    rmSync(file, { force: true });
    if (read(join(own, 'demo.json'))?.table?.endpoint !== content.table.endpoint) return;
    const others = (await announcements(own)).filter(({ isStale }) => !isStale);
    const latest = others.sort((one, other) => other.started - one.started)[0];
    // Without another stack, the file stays, so that readers can say which stack is no longer running.
    if (latest) writePrivately(join(own, 'demo.json'), latest.content);
  };
}

async function announcements(own: string) {
  const files = readdirSync(own).filter((name) => /^\d+\.json$/.test(name));
  return Promise.all(
    files.map(async (name) => {
      const file = join(own, name);
      const { pid = 0, table, ...others } = read(file) ?? {};
      const isStale = typeof table?.endpoint !== 'string' || !(await isRunning({ pid, table }));
      const started = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      return { file, isStale, content: { ...others, table }, started };
    }),
  );
}

function read(file: string): Partial<Running> | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Running>;
  } catch {
    return undefined;
  }
}
