// Tells tests, scripts and the command line which stacks are running: each stack has a file `.latchkey/<port>.json`, and
// `.latchkey/demo.json` is a copy of the file of the stack that was started last.
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory, writePrivately } from './data-directory.ts';

/** The members of a file that identify one run of a stack. */
interface Running {
  pid: number;
  table: { endpoint: string };
}

/** @returns a function that removes the files when the stack stops */
export function announce(directory: string, port: number, content: { table: { endpoint: string } }): () => void {
  const own = join(directory, '.latchkey');
  makeDirectory(own);
  for (const { file, pid } of announcements(own)) if (!isAlive(pid)) rmSync(file, { force: true });
  const file = join(own, `${port}.json`);
  writePrivately(file, { ...content, pid: process.pid });
  writePrivately(join(own, 'demo.json'), content);
  return () => {
    rmSync(file, { force: true });
    if (read(join(own, 'demo.json'))?.table?.endpoint !== content.table.endpoint) return;
    const others = announcements(own).filter(({ pid }) => isAlive(pid));
    const latest = others.sort((one, other) => other.started - one.started)[0];
    // Without another stack, the file stays, so that readers can say which stack is no longer running.
    if (latest) writePrivately(join(own, 'demo.json'), latest.content);
  };
}

function announcements(own: string) {
  return readdirSync(own)
    .filter((name) => /^\d+\.json$/.test(name))
    .map((name) => join(own, name))
    .flatMap((file) => {
      const { pid = 0, ...content } = read(file) ?? {};
      return [{ file, pid, content, started: statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }];
    });
}

function read(file: string): Partial<Running> | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Running>;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // the process of another user
  }
}
