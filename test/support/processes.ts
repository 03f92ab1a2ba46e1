import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer } from '../../lib/authorizer/answer.ts';
import type { ProxyEvent, ProxyResult } from '../../lib/http/event.ts';
import type { Handlers, Variables } from './world.ts';

/** A process of its own with the bundles, called like the handlers in this one. */
export interface ContainerProcess {
  readonly handlers: Pick<Handlers, 'token' | 'introspection' | 'revocation' | 'authorizer'>;
  /** Ends it at once; calls that it has not answered are rejected. */
  kill(): Promise<void>;
}

const script = fileURLToPath(new URL('container.mjs', import.meta.url));

const QUIET = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };

interface Reply {
  readonly number: number;
  readonly answer?: unknown;
  readonly error?: string;
}

const slowMotion = fileURLToPath(new URL('slow-motion.cjs', import.meta.url));

/** @param isPatient whether it waits for the table as long as that takes */
export function openProcess(env: Variables, { isPatient = false } = {}): ContainerProcess {
  const execArgv = isPatient ? ['--require', slowMotion] : [];
  const child: ChildProcess = fork(script, { env: { ...QUIET, ...env }, execArgv });
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let calls = 0;

  child.on('message', ({ number, answer, error }: Reply) => {
    const call = waiting.get(number);
    waiting.delete(number);
    if (error === undefined) call?.resolve(answer);
    else call?.reject(new Error(error));
  });
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('the process has ended'));
    waiting.clear();
  });

  const call = (name: string, event: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (!child.connected) {
        reject(new Error('the process has ended'));
        return;
      }
      const number = calls++;
      waiting.set(number, { resolve, reject });
      child.send({ number, name, event }, (error) => error && reject(error));
    });
  const endpoint = (name: string) => (event: ProxyEvent) => call(name, event) as Promise<ProxyResult>;

  return {
    handlers: {
      token: endpoint('token'),
      introspection: endpoint('introspection'),
      revocation: endpoint('revocation'),
      authorizer: (event) => call('authorizer', event) as Promise<Answer>,
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
