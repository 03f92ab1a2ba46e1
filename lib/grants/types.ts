import { clientCredentials } from './client-credentials.ts';
import type { GrantType } from './grant-type.ts';

/** The registry of grant types. A new one is a file and a line here. */
export const grantTypes: ReadonlyMap<string, GrantType> = new Map(
  [clientCredentials].map((grantType) => [grantType.name, grantType]),
);
