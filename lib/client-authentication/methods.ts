import type { Form } from '../http/form.ts';
import type { HttpRequest } from '../http/message.ts';
import type { Client } from '../oauth/client.ts';
import { OAuthError } from '../oauth/errors.ts';
import { isIdentifier } from '../oauth/identifier.ts';
import { clientSecretBasic } from './client-secret-basic.ts';
import { clientSecretPost } from './client-secret-post.ts';
import { invalidClient } from './invalid-client.ts';
import type { ClientAuthenticationMethod } from './method.ts';
import { none } from './none.ts';

/** A new method is a file and a line here. */
export const authenticationMethods: readonly ClientAuthenticationMethod[] = [clientSecretBasic, clientSecretPost, none];

export const usesSecret = ({ token_endpoint_auth_method: registered }: Client): boolean =>
  registered === undefined || authenticationMethods.some(({ name, usesSecret }) => usesSecret && name === registered);

export interface PresentedIdentity {
  readonly method: ClientAuthenticationMethod;
  /** Not empty. */
  readonly ids: readonly string[];
}

/** RFC 6749 section 2.3. @throws OAuthError `invalid_client` without an identity; `invalid_request` with two methods or ids */
export function identifyCaller(request: HttpRequest, form: Form): PresentedIdentity {
  const identities = authenticationMethods.flatMap((method) => {
    const ids = method.identify(request, form);
    return ids === undefined ? [] : [{ method, ids }];
  });
  // A `client_id` alone is a public client's; with a method, it only accompanies the credentials.
  const proofs = identities.filter(({ method }) => method.provesIdentity);
  const [presented, ...others] = proofs.length > 0 ? proofs : identities;
  if (!presented) throw invalidClient('no authentication');
  if (others.length > 0)
    throw new OAuthError('invalid_request', 'the request uses more than one client authentication method');
  const named = form.get('client_id');
  const meant = named === undefined ? presented.ids : presented.ids.filter((id) => id === named);
  if (meant.length === 0) {
    throw new OAuthError('invalid_request', 'client_id does not match the client authentication');
  }
  const ids = meant.filter(isIdentifier);
  if (ids.length === 0) throw invalidClient('unknown client');
  return { ...presented, ids };
}
