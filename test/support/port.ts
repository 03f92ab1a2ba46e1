import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

// Below the ports that systems give to outgoing connections and to those who ask for any port (from 32768 or 49152 on), so that
// nobody is given one of these between two starts.
const FIRST = 20_000;
const PORTS = 6_000;

let next = Math.floor(Math.random() * PORTS);

/**
 * A port on which a test can start a server, stop it, and start another one. No other test run takes it meanwhile, because this
 * process listens on a second port, which stands for the first one, until it ends.
 */
export async function reusablePort(): Promise<number> {
  for (let tries = 0; tries < PORTS; tries++) {
    const port = FIRST + next;
    next = (next + 1) % PORTS;
    const claim = await listenOn(port + PORTS);
    if (claim && (await isFree(port))) return port;
  }
  throw new Error(`no port from ${FIRST} to ${FIRST + PORTS - 1} is free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = await listenOn(port);
  server?.close();
  if (server) await once(server, 'close');
  return server !== undefined;
}

/** Does not keep the process alive. @returns undefined when somebody else listens there */
async function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1').unref();
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}
