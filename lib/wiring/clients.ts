import { createBoundedMap } from '../bounded-map.ts';
import type { Caller } from '../client-authentication/authenticate.ts';
import { MAX_REMEMBERED } from '../client-authentication/right-secrets.ts';
import { createAttemptStore } from '../store/attempt.ts';
import { cacheLookup } from '../store/cached-lookup.ts';
import { createClientFinder, createClientStore } from '../store/client.ts';
import { createResourceServerFinder, createResourceServerStore } from '../store/resource-server.ts';
import type { FoundationWithTable } from './foundation.ts';

/** What authentication needs besides a finder and the handles of reference tokens. */
export const authenticationContext = ({ table }: FoundationWithTable) => ({
  attempts: createAttemptStore(table),
  rightSecrets: createBoundedMap<number>(MAX_REMEMBERED),
});

// Cached for CLIENT_CACHE_SECONDS.

/** With secrets, for those who authenticate clients. */
export const authenticatingClientFinder = (base: FoundationWithTable) =>
  remembered(createClientStore(base.table).find, base);

export const clientFinder = (base: FoundationWithTable) => remembered(createClientFinder(base.table), base);

export const resourceServerFinder = (base: FoundationWithTable) =>
  remembered(createResourceServerFinder(base.table), base);

export function callerFinder(base: FoundationWithTable) {
  const clients = createClientStore(base.table);
  const resourceServers = createResourceServerStore(base.table);
  return remembered(async (id): Promise<Caller | undefined> => {
    const [resourceServer, client] = await Promise.all([resourceServers.find(id), clients.find(id)]);
    if (resourceServer) return { resourceServer };
    return client && { client };
  }, base);
}

const remembered = <Value>(find: (id: string) => Promise<Value | undefined>, { config, clock }: FoundationWithTable) =>
  cacheLookup(find, config.get('CLIENT_CACHE_SECONDS'), clock);
