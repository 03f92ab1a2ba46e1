import type { Grant } from '../oauth/grant.ts';

/** Seconds. */
export interface LifetimePolicy {
  /** Unless the client or a resource server has another value. */
  readonly defaultLifetime: number;
  /** Whatever the client or a resource server has. */
  readonly maxLifetime: number;
}

/** Of an access token that is issued now: the shortest of its resource servers, unless the client has a value. */
export function lifetimeOf(
  { client, resources, access_token_lifetime }: Grant,
  { defaultLifetime, maxLifetime }: LifetimePolicy,
): number {
  const shortest = Math.min(...resources.map((resource) => resource.access_token_lifetime ?? defaultLifetime));
  return Math.min(client.access_token_lifetime ?? shortest, access_token_lifetime ?? maxLifetime, maxLifetime);
}

/**
 * What a new grant notes: no access token of it will live longer, also one for fewer resource servers. At least the default, so that a
 * short lifetime can be made longer up to this while the grant lasts.
 */
export function longestLifetimeOf(
  { client, resources }: Pick<Grant, 'client' | 'resources'>,
  { defaultLifetime, maxLifetime }: LifetimePolicy,
): number {
  const longest = Math.max(...resources.map((resource) => resource.access_token_lifetime ?? defaultLifetime));
  return Math.min(Math.max(client.access_token_lifetime ?? longest, defaultLifetime), maxLifetime);
}
