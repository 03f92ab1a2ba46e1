// Programs that all tests share: each is started, or only installed, when a test first needs it, and stopped at the end of the run.
// They run in the main thread of Vitest; the threads that run tests request them over a channel.
import { randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';
import type { TestProject } from 'vitest/node';
import type { LocalService } from './local-service.ts';

/** What each program gives to its users. */
export interface SharedPrograms {
  /** `npm start` with its defaults. */
  readonly service: LocalService;
  /** The endpoint of a Playwright server with Chromium. */
  readonly browser: string;
  /** The directory in which moto is installed, if this machine can run it. */
  readonly moto: string | undefined;
}

export interface ProgramRequest {
  readonly id: string;
  readonly program: keyof SharedPrograms;
}

export type ProgramReply = { readonly id: string } & ({ readonly value: unknown } | { readonly error: string });

declare module 'vitest' {
  interface ProvidedContext {
    /** Name of the channel over which tests request shared programs. */
    sharedPrograms: string;
  }
}

interface Running<Value> {
  readonly value: Value;
  end(): Promise<unknown>;
}

// Loaded on demand, so that a run of unit tests does not wait for them.
const launch: { readonly [Name in keyof SharedPrograms]: () => Promise<Running<SharedPrograms[Name]>> } = {
  async service() {
    const { launchLocalService } = await import('./local-service.ts');
    const program = launchLocalService();
    return { value: await program.ready(), end: () => program.end('SIGTERM') };
  },
  async browser() {
    const { launchChromiumServer } = await import('../browser/chromium-server.ts');
    const server = await launchChromiumServer();
    return { value: server.wsEndpoint(), end: () => server.close() };
  },
  async moto() {
    const { installPeer, python } = await import('./toolchain.ts');
    return { value: await installPeer('test/peers/moto', python), end: async () => {} };
  },
};

export default function setup(project: TestProject): () => Promise<void> {
  const name = `latchkey-${randomUUID()}`;
  const running = new Map<string, Promise<Running<unknown>>>();
  project.provide('sharedPrograms', name);

  const channel = new BroadcastChannel(name);
  channel.unref();
  channel.onmessage = async (message) => {
    const { id, program } = (message as { data: ProgramRequest }).data;
    if (!program) return; // a reply
    const started = running.get(program) ?? launch[program]();
    running.set(program, started);
    const reply: ProgramReply = await started.then(
      ({ value }) => ({ id, value }),
      (error: Error) => ({ id, error: error.message }),
    );
    channel.postMessage(reply);
  };

  async function endAll(): Promise<void> {
    const ending = [...running.values()];
    running.clear();
    await Promise.allSettled(ending.map(async (program) => (await program).end()));
  }
  // In watch mode, each run starts fresh programs.
  project.onTestsRerun(endAll);
  return async () => {
    channel.close();
    await endAll();
  };
}
