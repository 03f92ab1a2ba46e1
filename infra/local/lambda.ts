// Lambda for development and tests: starts containers on demand, keeps them, and gives each one event at a time.
import { existsSync } from 'node:fs';
import { Problem } from '../problem.ts';
import { bundlePath, type Container, containerEnvironment, type Outcome, startContainer } from './container.ts';
import type { FunctionDefinition, Stack } from './stack.ts';
import { systemTimers, type Timers } from './timers.ts';

/** Calls a function by its logical id in the template. Never rejects. */
export type Invoke = (logicalId: string, event: unknown, requestId: string) => Promise<Outcome>;

export interface Lambda {
  invoke: Invoke;
  /** Starts a container ahead of the first event; resolves when its code is loaded. */
  warm(logicalId: string): Promise<void>;
  /** Switches to new code or a new template: busy containers finish their event, idle ones stop now. */
  replace(stack?: Stack): void;
  stop(): Promise<void>;
}

export interface LambdaOptions {
  /** The directory that the handlers in the template are relative to. */
  root: string;
  /** Variables for every function, which override those of the template. */
  environment?: Record<string, string>;
  /** Containers that a function may have at once. */
  concurrency?: number;
  /** Milliseconds that an event waits for a container before it is refused as throttled. */
  patience?: number;
  timers?: Timers;
  /** Receives the output of functions. */
  log?: (functionName: string, text: string) => void;
}

interface Pool {
  definition: FunctionDefinition;
  idle: Container[];
  busy: Set<Container>;
  waiting: Set<(container: Container | undefined) => void>;
}

const throttled: Outcome = { error: { errorType: 'TooManyRequestsException', errorMessage: 'Rate Exceeded.' } };

/** @throws Problem if a function of the template has no bundle */
export function startLambda(stack: Stack, options: LambdaOptions): Lambda {
  const { root, environment = {}, concurrency = 10, patience = 3000, timers = systemTimers, log = () => {} } = options;
  let pools = createPools(stack, root);
  let region = stack.api.region;
  const running = new Set<Container>();

  function start({ definition }: Pool): Container {
    const variables = { ...containerEnvironment(definition, region, root), ...environment };
    const bundle = bundlePath(root, definition.handler);
    const container = startContainer(definition, bundle, variables, timers, (text) => log(definition.name, text));
    running.add(container);
    return container;
  }

  function acquire(pool: Pool): Promise<Container | undefined> {
    const container =
      pool.idle.findLast(({ alive }) => alive) ?? (pool.busy.size < concurrency ? start(pool) : undefined);
    if (container) {
      pool.idle = pool.idle.filter((other) => other !== container && other.alive);
      pool.busy.add(container);
      return Promise.resolve(container);
    }
    return new Promise((resolve) => {
      const give = (freed: Container | undefined) => {
        cancel();
        pool.waiting.delete(give);
        resolve(freed);
      };
      const cancel = timers.after(patience, () => give(undefined));
      pool.waiting.add(give);
    });
  }

  function release(pool: Pool, used: Container): void {
    const current = pools.get(pool.definition.logicalId) === pool;
    pool.busy.delete(used);
    if (!current || !used.alive) end(used);
    const [next] = pool.waiting;
    const container = current && used.alive ? used : next && start(pool);
    if (!container) return;
    if (!next) {
      pool.idle.push(container);
      return;
    }
    pool.busy.add(container);
    next(container);
  }

  function end(container: Container): void {
    running.delete(container);
    void container.stop();
  }

  return {
    async invoke(logicalId, event, requestId) {
      const pool = pools.get(logicalId);
      if (!pool) return { error: { errorType: 'ResourceNotFoundException', errorMessage: `no function ${logicalId}` } };
      const container = await acquire(pool);
      if (!container) return throttled;
      const outcome = await container.invoke(event, requestId);
      release(pool, container);
      return outcome;
    },
    async warm(logicalId) {
      const pool = pools.get(logicalId);
      if (!pool || pool.idle.length + pool.busy.size > 0) return;
      const container = start(pool);
      pool.idle.push(container);
      await container.ready;
    },
    replace(next) {
      const old = pools;
      pools = createPools(next ?? stack, root);
      if (next) {
        stack = next;
        region = next.api.region;
      }
      for (const { idle } of old.values()) idle.forEach(end);
    },
    async stop() {
      await Promise.all([...running].map((container) => container.stop()));
    },
  };
}

function createPools({ functions }: Stack, root: string): Map<string, Pool> {
  return new Map(
    [...functions].map(([logicalId, definition]) => {
      const bundle = bundlePath(root, definition.handler);
      if (!existsSync(bundle)) throw new Problem(`${logicalId}.Handler: there is no file ${bundle}; run npm run build`);
      return [logicalId, { definition, idle: [], busy: new Set<Container>(), waiting: new Set() }];
    }),
  );
}
