import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Below the ports that systems give to outgoing connections and to those who ask for any port (from 32768 or 49152 on), so that
// nobody is given one of these between two starts.
const FIRST = 20_000;
const PORTS = 12_000;

/** Has a file for each port that a test run on this machine uses, with the id of its process. */
const claims = join(tmpdir(), 'latchkey-ports');
const claimed: string[] = [];
process.once('exit', () => {
  for (const claim of claimed) rmSync(claim, { force: true });
});

let next = Math.floor(Math.random() * PORTS);

/** A port on which a test can start a server, stop it, and start another one. No other test run takes it meanwhile. */
export async function reusablePort(): Promise<number> {
  for (let tries = 0; tries < PORTS; tries++) {
    const port = FIRST + next;
    next = (next + 1) % PORTS;
    if (claim(port) && (await isFree(port))) return port;
  }
  throw new Error(`no port from ${FIRST} to ${FIRST + PORTS - 1} is free`);
}

function claim(port: number): boolean {
  const file = join(claims, String(port));
  mkdirSync(claims, { recursive: true });
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch {
    removeIfStale(file);
    return false;
  }
  claimed.push(file);
  return true;
}

/** If its process has ended, and it is not somebody else's. */
function removeIfStale(file: string): void {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') rmSync(file, { force: true });
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
