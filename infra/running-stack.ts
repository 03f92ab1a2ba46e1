import { connect } from 'node:net';

/** What `npm start` writes about a stack that tells whether it still runs. */
export interface AnnouncedStack {
  readonly pid?: number | undefined;
  readonly table: { readonly endpoint: string };
}

/**
 * Whether a stack runs: its process exists, if it is known, and its table accepts connections. After `kill -9` or a restart of
 * the machine, another process can have the id.
 */
export async function isRunning({ pid, table }: AnnouncedStack): Promise<boolean> {
  return (pid === undefined || isAlive(pid)) && (await accepts(table.endpoint));
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // the process of another user
  }
}

function accepts(endpoint: string): Promise<boolean> {
  if (!URL.canParse(endpoint)) return Promise.resolve(false);
  const { hostname, port } = new URL(endpoint);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port || 80) });
    const answer = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.on('connect', () => answer(true)).on('error', () => answer(false));
  });
}
