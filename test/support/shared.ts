import { createHash, randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';
import { inject } from 'vitest';
import { createSeedTable } from '../../infra/local/seed-table.ts';
import { createAttemptStore } from '../../lib/store/attempt.ts';
import { createCli, succeeding } from '../infra/cli-runner.ts';
import type { LocalService } from './local-service.ts';
import type { Reply, Request, SharedPrograms } from './shared-programs.ts';

/**
 * The one local service of this run, for tests that use it as strangers would: several test files use it at the same time.
 * Each test brings its own users and clients, and ends only what is theirs.
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
export async function createLocalUser(service: LocalService): Promise<LocalUser> {
  await forgetAttempts(service);
  const username = `user-${randomUUID()}`;
  const user = { name: 'Carol Clark', email: `${username}@example.com` };
  const latchkey = succeeding(createCli({}, service.directory));
  const options = ['--name', user.name, '--email', user.email, '--email-verified', '--json'];
  const { password } = (await latchkey(['user', 'create', username, ...options])).json<{ password: string }>();
  return { username, password, ...user };
}

const LOOPBACK = createHash('sha256').update('127.0.0.1').digest('base64url');

/** All tests sign in from one address, which the service would delay after 50 attempts in vain. */
async function forgetAttempts({ demo: { table } }: LocalService): Promise<void> {
  await createAttemptStore(createSeedTable(table.endpoint, table.name)).remove(`address#${LOOPBACK}`);
}
