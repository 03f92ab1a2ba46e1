import type { Client } from './client.ts';
import type { ResourceServer } from './resource-server.ts';

/** The authorization that was obtained. Its id names the whole family of tokens issued from it. */
export interface Grant {
  readonly grant_id: string;
  readonly client: Client;
  readonly sub: string;
  readonly scope: string;
  /** The resource servers that its access tokens are for: at least one. */
  readonly resources: readonly [ResourceServer, ...ResourceServer[]];
}
