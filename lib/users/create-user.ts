import type { Clock } from '../clock.ts';
import { randomId } from '../oauth/handle.ts';
import type { User, UserClaims } from '../oauth/user.ts';
import type { UserStore } from '../store/user.ts';
import { hashPassword } from './password.ts';

export interface NewUser {
  readonly username: string;
  readonly password: string;
  readonly claims: UserClaims;
}

/** Undefined when the name is taken. It can be repeated after a failure or a lost answer. */
export async function createUser(
  { username, password, claims }: NewUser,
  { users, clock }: { readonly users: UserStore; readonly clock: Clock },
): Promise<User | undefined> {
  const created_at = clock();
  const stored = await hashPassword(password, created_at);
  const sub = await users.reserveName(username, randomId());
  const user: User = { sub, username, password: stored, claims, enabled: true, created_at };
  if (await users.create(user)) return user;
  // The write may have succeeded although its answer was lost: the stored hash is then this one, with its random salt.
  const found = await users.find(sub);
  return found?.password.hash === stored.hash ? user : undefined;
}
