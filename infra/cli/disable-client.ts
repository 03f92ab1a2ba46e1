import { type Environment, readConfig } from '../../lib/config.ts';
import type { Client } from '../../lib/oauth/client.ts';
import { type Revocation, revokeAll } from '../../lib/oauth/revocation.ts';
import { addRevocation } from './add-revocation.ts';
import { change } from './change.ts';
import { endGrants } from './end-grants.ts';
import { Problem } from './problem.ts';
import type { Store } from './store.ts';

/** What has to be known of the deployment to end tokens in it. Seconds. */
export interface Deployed {
  /** For how long containers may go by an old record. */
  readonly cache: number;
  /** The longest an access token can live. */
  readonly lifetime: number;
  /** What to say after a change. */
  readonly cacheNote: string;
}

/** @throws ConfigError naming the variable */
export function deployedFrom(env: Environment): Deployed {
  const { get } = readConfig(env);
  const cache = get('CLIENT_CACHE_SECONDS');
  return {
    cache,
    lifetime: get('ACCESS_TOKEN_MAX_LIFETIME_SECONDS'),
    cacheNote: `Running containers may go by the old record for up to ${cache} s (CLIENT_CACHE_SECONDS).`,
  };
}

/** The time a request may take that read the record before it was changed: the timeout of a function. */
export const IN_FLIGHT_SECONDS = 10;

/**
 * Disables a client and ends its grants and tokens. First the record: were it the other way round and a later write lost,
 * the client would go on getting tokens that nothing ends. Repeating it makes good what was missed.
 * @throws Problem that says what happened, when only the first write succeeded
 */
export async function disableClient(
  store: Store,
  id: string,
  { cache, lifetime }: Deployed,
): Promise<{ client: Client; revocation: Revocation }> {
  const client = await change(store.clients, 'client', id, (found) =>
    found.enabled ? { ...found, enabled: false } : found,
  );
  try {
    const [now, delay] = [store.clock(), cache + IN_FLIGHT_SECONDS];
    await endGrants(store, 'client', id, now + delay);
    const entry = revokeAll('client', id, { now, lifetime, delay });
    return { client, revocation: await addRevocation(store.revocations, entry) };
  } catch (error) {
    throw new Problem(
      `client ${id} is disabled, but the tokens that it has still work: ${(error as Error).message}; run the same command again`,
    );
  }
}
