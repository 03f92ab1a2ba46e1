import { type Command, Option } from 'commander';
import { getUser } from './find-user.ts';
import * as parse from './parse.ts';
import type { Store } from './store.ts';
import { UsageProblem } from './usage-problem.ts';

export interface WhoseOptions {
  readonly user?: string;
  readonly subject?: string;
}

/** For commands about what belongs to one user. */
export const withWhose = (command: Command): Command =>
  command
    .addOption(new Option('--user <user>', 'username or sub of a user in the table').argParser(parse.knownUser))
    .addOption(
      new Option('--subject <sub>', 'sub of any user, including users who are not in the table')
        .argParser(parse.knownId)
        .conflicts('user'),
    );

export async function subjectOf({ user, subject }: WhoseOptions, store: Pick<Store, 'users'>): Promise<string> {
  return user === undefined ? (subject ?? '') : (await getUser(store, user)).sub;
}

/** @throws UsageProblem */
export function requireWhose({ user, subject }: WhoseOptions): void {
  if (user === undefined && subject === undefined) {
    throw new UsageProblem('the user is missing: give --user NAME or --subject SUB');
  }
}
