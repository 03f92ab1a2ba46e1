import { createHash, randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';
import { inject } from 'vitest';
import { createSeedTable } from '../../infra/local/seed-table.ts';
import { createAttemptStore } from '../../lib/store/attempt.ts';
import { createCli, succeeding } from '../infra/cli-runner.ts';
import type { LocalService } from './local-service.ts';
import type { ProgramReply, ProgramRequest, SharedPrograms } from './shared-programs.ts';

/**
 * The local service that test files share and use at the same time. Each test makes its own users and clients, and revokes only
 * what belongs to them.
 */
export const sharedService = (): Promise<LocalService> => startShared('service');

/** Requests a program from the main thread, which starts it at the first request. */
export async function startShared<Name extends keyof SharedPrograms>(program: Name): Promise<SharedPrograms[Name]> {
  const channel = new BroadcastChannel(inject('sharedPrograms'));
  const id = randomUUID();
  try {
    const reply = await new Promise<ProgramReply>((resolve) => {
      channel.onmessage = (message) => {
        const { data } = message as { data: ProgramReply | ProgramRequest };
        if (data.id === id && !('program' in data)) resolve(data);
      };
      channel.postMessage({ id, program } satisfies ProgramRequest);
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

/** Adds a user without any consents to a local service. */
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

/** All tests sign in from the same address, which the service would delay after 50 failed attempts. */
async function forgetAttempts({ demo: { table } }: LocalService): Promise<void> {
  await createAttemptStore(createSeedTable(table.endpoint, table.name)).remove(`address#${LOOPBACK}`);
}
