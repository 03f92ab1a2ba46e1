import { randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';
import { inject } from 'vitest';
import { createCli, succeeding } from '../infra/cli-runner.ts';
import type { LocalService } from './local-service.ts';
import type { Reply, Request, SharedPrograms } from './shared-programs.ts';

/**
 * The one local service of this run, for tests that use it as strangers would: several test files use it at the same time.
 * Each test brings its own users and clients and ends only what is theirs. All tests share one address, which may attempt to
 * sign in in vain 50 times.
 */
export const sharedService = (): Promise<LocalService> => ask('service');

/** Asks the main thread for a program, which is started if nobody has asked before. */
export async function ask<Name extends keyof SharedPrograms>(program: Name): Promise<SharedPrograms[Name]> {
  const channel = new BroadcastChannel(inject('sharedPrograms'));
  const id = randomUUID();
  try {
    const reply = await new Promise<Reply>((resolve) => {
      channel.onmessage = (message) => {
        const { data } = message as { data: Reply | Request };
        if (data.id === id && !('program' in data)) resolve(data);
      };
      channel.postMessage({ id, program } satisfies Request);
    });
    if ('error' in reply) throw new Error(`the shared ${program} did not start: ${reply.error}`);
    return reply.value as SharedPrograms[Name];
  } finally {
    channel.close();
  }
}

export interface LocalUser {
  readonly username: string;
  readonly password: string;
  readonly name: string;
  readonly email: string;
}

/** Adds a user to a local service, who has consented to nothing yet. */
export async function createLocalUser({ directory }: Pick<LocalService, 'directory'>): Promise<LocalUser> {
  const username = `user-${randomUUID()}`;
  const user = { name: 'Carol Clark', email: `${username}@example.com` };
  const latchkey = succeeding(createCli({}, directory));
  const options = ['--name', user.name, '--email', user.email, '--email-verified', '--json'];
  const { password } = (await latchkey(['user', 'create', username, ...options])).json<{ password: string }>();
  return { username, password, ...user };
}
