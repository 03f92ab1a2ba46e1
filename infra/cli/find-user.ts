import type { User } from '../../lib/oauth/user.ts';
import { notFound } from './not-found.ts';
import type { Store } from './store.ts';

/** Finds a user by username or `sub`. @throws Problem when there is no such user */
export async function getUser({ users }: Pick<Store, 'users'>, who: string): Promise<User> {
  const user = (await users.findByName(who)) ?? (await users.find(who));
  if (!user) throw notFound('user', who);
  return user;
}
