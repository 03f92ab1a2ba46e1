import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that systems give to outgoing connections and to those who ask for any port (from 32768 or 49152 on), so that
// nobody is given one of these between two starts. Each worker has its own part.
const FIRST = 20_000;
const PARTS = 8;
const PART = 1500;

const part = FIRST + (Number(process.env['VITEST_POOL_ID'] ?? 0) % PARTS) * PART;
let next = Math.floor(Math.random() * PART);

/** A port on which a test can start a server, stop it, and start another one. */
export async function reusablePort(): Promise<number> {
  for (let tries = 0; tries < PART; tries++) {
    const port = part + next;
    next = (next + 1) % PART;
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${part} to ${part + PART - 1} is free`);
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
