// The connections between a container and the table. They may die while Lambda has frozen a container, which notices only when
// it uses one again.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What happens to data that is sent on a dead connection. */
export type Death = 'reset' | 'swallowed';

export interface FrailNetwork {
  readonly endpoint: string;
  /** Counts new connections, and data that was sent on dead ones, since the last call. */
  count(): { opened: number; lost: number };
  /** Kills all open connections. New connections work. */
  die(death: Death): void;
  stop(): Promise<void>;
}

export async function startFrailNetwork(upstream: string): Promise<FrailNetwork> {
  const open = new Set<Socket>();
  const dead = new Map<Socket, Death>();
  let opened = 0;
  let lost = 0;

  const server = createServer((near) => {
    opened++;
    open.add(near);
    const far = connect(Number(new URL(upstream).port), '127.0.0.1');
    near.on('data', (data) => {
      const death = dead.get(near);
      if (death) lost++;
      else far.write(data);
      if (death === 'reset') near.resetAndDestroy();
    });
    far.on('data', (data) => near.write(data));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => {
        open.delete(near);
        other.destroy();
      });
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count() {
      const counted = { opened, lost };
      opened = lost = 0;
      return counted;
    },
    die(death) {
      for (const socket of open) dead.set(socket, death);
    },
    async stop() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
