import type { Form } from '../http/form.ts';
import type { Request } from '../http/message.ts';
import { OAuthError } from '../oauth/errors.ts';
import { isIdentifier } from '../oauth/identifier.ts';
import { clientSecretBasic } from './client-secret-basic.ts';
import { clientSecretPost } from './client-secret-post.ts';
import { invalidClient } from './invalid-client.ts';
import type { ClientAuthenticationMethod, Credentials } from './method.ts';
import { none } from './none.ts';

/** The registry of client authentication methods. A new one is a file and a line here. */
export const authenticationMethods: readonly ClientAuthenticationMethod[] = [clientSecretBasic, clientSecretPost, none];

export type PresentedCredentials = Credentials & { readonly method: ClientAuthenticationMethod['name'] };

/**
 * The credentials of a request, presented in exactly one way.
 * @throws OAuthError `invalid_client` without any; `invalid_request` with two kinds, or two ids. RFC 6749 section 2.3
 */
export function readCredentials(request: Request, form: Form): PresentedCredentials {
  const [presented, ...others] = authenticationMethods.flatMap((method) => {
    const credentials = method.read(request, form);
    return credentials ? [{ ...credentials, method: method.name }] : [];
  });
  if (!presented) throw invalidClient('no authentication');
  if (others.length > 0) throw new OAuthError('invalid_request', 'there is more than one client authentication');
  const named = form.get('client_id');
  if (named !== undefined && named !== presented.id) {
    throw new OAuthError('invalid_request', 'client_id is not that of the client authentication');
  }
  if (!isIdentifier(presented.id)) throw invalidClient('unknown client');
  return presented;
}
