import type { Client } from '../oauth/client.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';
import { verifySecret, whyNotVerified } from '../secrets/secret.ts';
import { invalidClient } from './invalid-client.ts';
import type { AuthenticationContext } from './method.ts';

/** @throws OAuthError `invalid_client` */
export async function requireSecret(
  secret: string | undefined,
  client: Client | ResourceServer,
  { clock }: AuthenticationContext,
): Promise<void> {
  if (secret === undefined) throw invalidClient('no authentication', client);
  const { secrets } = client;
  if (!(await verifySecret(secret, secrets, clock))) {
    throw invalidClient(whyNotVerified(secret, secrets, clock), client);
  }
}
