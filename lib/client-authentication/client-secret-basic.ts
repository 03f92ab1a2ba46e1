import { parseBasic } from '../http/basic.ts';
import type { HttpRequest } from '../http/message.ts';
import { invalidClient } from './invalid-client.ts';
import type { ClientAuthenticationMethod } from './method.ts';
import { requireSecret } from './require-secret.ts';

/** RFC 6749 section 2.3.1. Any Authorization header counts as an attempt, so that a malformed one is not ignored. */
export const clientSecretBasic: ClientAuthenticationMethod = {
  name: 'client_secret_basic',
  usesSecret: true,
  identify: (request) => credentialsOf(request)?.id,
  authenticate: (request, _form, client, context) => requireSecret(credentialsOf(request)?.secret, client, context),
};

function credentialsOf(request: HttpRequest) {
  const [header, ...others] = request.header('authorization');
  if (header === undefined) return undefined;
  const credentials = others.length === 0 ? parseBasic(header) : undefined;
  if (!credentials) throw invalidClient('malformed authentication');
  return credentials;
}
