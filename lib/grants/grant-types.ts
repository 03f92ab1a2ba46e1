import { authorizationCode } from './authorization-code.ts';
import { clientCredentials } from './client-credentials.ts';
import type { GrantType } from './grant-type.ts';
import { password } from './password.ts';
import { refreshToken } from './refresh-token.ts';

/** A new grant type is a file and a line here. */
export const grantTypes: ReadonlyMap<string, GrantType> = new Map(
  [clientCredentials, authorizationCode, refreshToken, password].map((grantType) => [grantType.name, grantType]),
);
