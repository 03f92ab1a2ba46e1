import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AuthorizerResponse } from '../../lib/authorizer/response.ts';
import type { ProxyEvent, ProxyResult } from '../../lib/http/proxy-event.ts';
import { type FaultyStore, startFaultyStore } from './faulty-store.ts';
import { isLongRun } from './scale.ts';
import { createHandlers, type Handlers, type Variables } from './world.ts';

type Callable = 'authorization' | 'token' | 'introspection' | 'revocation' | 'logout' | 'authorizer';

/** A process that runs the bundles, called like handlers in this process. */
export interface ContainerProcess {
  readonly handlers: Pick<Handlers, Callable>;
  /** Kills the process at once. Unanswered calls are rejected. */
  kill(): Promise<void>;
}

const script = fileURLToPath(new URL('container.mjs', import.meta.url));

const QUIET = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };

interface Reply {
  readonly number: number;
  readonly answer?: unknown;
  readonly error?: string;
}

const ended = () => new Error('the process has ended');

export function openProcess(env: Variables): ContainerProcess {
  const child: ChildProcess = fork(script, { env: { ...QUIET, ...env } });
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let calls = 0;

  child.on('message', ({ number, answer, error }: Reply) => {
    const call = waiting.get(number);
    waiting.delete(number);
    if (error === undefined) call?.resolve(answer);
    else call?.reject(new Error(error));
  });
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(ended());
    waiting.clear();
  });

  const call = (name: string, event: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (!child.connected) {
        reject(ended());
        return;
      }
      const number = calls++;
      waiting.set(number, { resolve, reject });
      child.send({ number, name, event }, (error) => error && reject(error));
    });
  const endpoint = (name: string) => (event: ProxyEvent) => call(name, event) as Promise<ProxyResult>;

  return {
    handlers: {
      authorization: endpoint('authorization'),
      token: endpoint('token'),
      introspection: endpoint('introspection'),
      revocation: endpoint('revocation'),
      logout: endpoint('logout'),
      authorizer: (event) => call('authorizer', event) as Promise<AuthorizerResponse>,
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

export type KillTime = 'before' | 'after';

/** When to kill a container at this call. Reads have no effect, so the normal run kills only before them. */
export const killTimes = (call: string): KillTime[] =>
  isLongRun || !/^(GetItem|Query) /.test(call) ? ['before', 'after'] : ['before'];

/** A container with its own connection to the table, to be killed at one of its requests. */
export interface DoomedContainer extends ContainerProcess {
  readonly store: FaultyStore;
}

/**
 * Opens a container that can be killed. In the long run it is a process. In the normal run it is a set of handlers in this
 * process that are cut off from the table and their callers, which has the same effects and starts at once.
 * @param env the variables, with the endpoint of the table
 */
export async function openDoomed(env: Variables): Promise<DoomedContainer> {
  const store = await startFaultyStore(env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  const own = { ...env, AWS_ENDPOINT_URL_DYNAMODB: store.endpoint };
  const { handlers, kill } = isLongRun ? openProcess(own) : openHere(own);
  return {
    handlers,
    store,
    async kill() {
      await Promise.all([kill(), store.refuseConnections()]);
    },
  };
}

function openHere(env: Variables): ContainerProcess {
  const handlers = createHandlers(env);
  let kill = () => {};
  const killed = new Promise<never>((_resolve, reject) => {
    kill = () => reject(ended());
  });
  killed.catch(() => {});
  const untilKilled =
    <Event, AuthorizerResponse>(handler: (event: Event) => Promise<AuthorizerResponse>) =>
    (event: Event) =>
      Promise.race([handler(event), killed]);
  return {
    handlers: {
      authorization: untilKilled(handlers.authorization),
      token: untilKilled(handlers.token),
      introspection: untilKilled(handlers.introspection),
      revocation: untilKilled(handlers.revocation),
      logout: untilKilled(handlers.logout),
      authorizer: untilKilled(handlers.authorizer),
    },
    kill: async () => kill(),
  };
}
