import { type Environment, readConfig } from '../../lib/config.ts';
import type { Client } from '../../lib/oauth/client.ts';
import { createRevocation, type Revocation } from '../../lib/oauth/revocation.ts';
import { IN_FLIGHT_SECONDS } from '../../lib/revocation/revoke-grant.ts';
import { Problem } from '../problem.ts';
import { addRevocation } from './add-revocation.ts';
import { change } from './change.ts';
import { type LocalStack, serviceEnvironment } from './local-stack.ts';
import { revokeGrants } from './revoke-grants.ts';
import type { Store } from './store.ts';

/** Settings of the deployment that a revocation depends on. */
export interface DeployedSettings {
  /** Seconds for which containers may use an old record. */
  readonly cache: number;
  /** Longest lifetime of an access token, in seconds. */
  readonly lifetime: number;
  /** Note to print after a change of a record. */
  readonly cacheNote: string;
}

/** For the help of commands that read these settings. */
export const DEPLOYED_SETTINGS_HELP =
  '\nIf the deployment overrides CLIENT_CACHE_SECONDS or ACCESS_TOKEN_MAX_LIFETIME_SECONDS, set the same values in the\nenvironment of this command.\n';

/** Note to print after a revocation. */
export const HOW_SOON =
  'Each API refuses the tokens within its REVOCATION_MAX_AGE_SECONDS, plus the time for which its gateway caches decisions.';

/**
 * Note to print after a revocation that does not reckon with requests in flight. 20 s are more than the longest request, in a function whose
 * clock is ahead by as much as tokens may be.
 */
export const RUN_AGAIN =
  'What is being given at this moment may be missed. To be sure, run the same command again in 20 seconds.';

/** @param local stack that has a longest lifetime of its own. @throws ConfigError naming the variable */
export function readDeployedSettings(env: Environment, local?: LocalStack): DeployedSettings {
  const { get } = readConfig(serviceEnvironment(env, local));
  const cache = get('CLIENT_CACHE_SECONDS');
  return {
    cache,
    lifetime: get('ACCESS_TOKEN_MAX_LIFETIME_SECONDS'),
    cacheNote: `Running containers may use the old record for up to ${cache} s (CLIENT_CACHE_SECONDS).`,
  };
}

/**
 * Disables a client and revokes its grants and tokens. The record changes first: in the other order, a failure in between
 * would leave a client that goes on getting tokens. A second run completes what the first one could not.
 * @throws Problem that says what was done, when only the first write succeeded
 */
export async function disableClient(
  store: Store,
  id: string,
  { cache, lifetime }: DeployedSettings,
): Promise<{ client: Client; revocation: Revocation }> {
  const client = await change(store.clients, 'client', id, (found) =>
    found.enabled ? { ...found, enabled: false } : found,
  );
  try {
    const [now, delay] = [store.clock(), cache + IN_FLIGHT_SECONDS];
    await revokeGrants(store, 'client', id, now + delay);
    const entry = createRevocation('client', id, { now, lifetime, delay });
    return { client, revocation: await addRevocation(store.revocations, entry) };
  } catch (error) {
    throw new Problem(
      `client ${id} is disabled, but its existing tokens still work: ${(error as Error).message}; run the same command again`,
    );
  }
}
