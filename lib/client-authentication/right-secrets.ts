import type { BoundedMap } from '../bounded-map.ts';
import type { Clock } from '../clock.ts';
import type { HandlesByKind } from '../oauth/handle.ts';
import type { HashedSecret } from '../oauth/hashed-secret.ts';
import type { AttemptStore } from '../store/attempt.ts';

// Which chosen secrets were right recently. They are known by fingerprints under a key that the table does not have, so a dump of
// the table still takes a slow hash for each guess. A fingerprint covers the stored hash, and so ends with it.

/**
 * By fingerprint: until when, in seconds since the epoch. Of one container. If its clock is set back, a secret is remembered for
 * longer, which does no harm: the client's record says which secrets are right.
 */
export type RightSecrets = BoundedMap<number>;

export const MAX_REMEMBERED = 1_000;

/** Seconds. Then the table is asked again. */
export const CONTAINER_REMEMBERS = 600;

/** Seconds since the last use, or up to half of it less, in all containers. */
export const TABLE_REMEMBERS = 30 * 86_400;

export interface RightSecretsContext {
  readonly clock: Clock;
  readonly handles: HandlesByKind<'reference_token'>;
  readonly attempts: AttemptStore;
  readonly rightSecrets: RightSecrets;
}

/** What a presented secret would have to be, to be this stored one. */
export interface Guess {
  readonly stored: HashedSecret;
  readonly secret: string;
}

/** @param guesses at secrets that have not expired @throws Unavailable */
export async function isKnownToBeRight(guesses: readonly Guess[], context: RightSecretsContext): Promise<boolean> {
  const { clock, handles, attempts, rightSecrets } = context;
  const keys = await handles.reference_token();
  const now = clock();
  const prints = guesses.map((guess) => keys.fingerprint(fingerprinted(guess)));
  if (prints.some((print) => now < (rightSecrets.get(print) ?? 0))) return true;

  const found = await Promise.all(prints.map((print) => attempts.find(itemId(print))));
  const known = prints.flatMap((print, index) => {
    const until = found[index]?.expires_at ?? 0;
    return now < until ? [{ print, until }] : [];
  });
  await Promise.all(known.map(({ print, until }) => remember(print, until, context)));
  return known.length > 0;
}

export async function rememberAsRight(guess: Guess, context: RightSecretsContext): Promise<void> {
  const keys = await context.handles.reference_token();
  await remember(keys.fingerprint(fingerprinted(guess)), 0, context);
}

/** @param until when the table knows it */
async function remember(
  print: string,
  until: number,
  { clock, attempts, rightSecrets }: RightSecretsContext,
): Promise<void> {
  const now = clock();
  if (until < now + TABLE_REMEMBERS / 2) {
    await attempts.put(itemId(print), { attempts: 0, not_before: now, expires_at: now + TABLE_REMEMBERS });
  }
  rightSecrets.set(print, now + CONTAINER_REMEMBERS);
}

const fingerprinted = ({ secret, stored }: Guess) => JSON.stringify(['right secret', stored.hash, secret]);

const itemId = (print: string) => `right-secret#${print}`;
