import type { Form } from '../http/form.ts';
import { type IdTokenHint, type IdTokenHintContext, readIdTokenHint } from '../interaction/id-token-hint.ts';
import type { Client } from '../oauth/client.ts';
import { OAuthError } from '../oauth/errors.ts';
import { isIdentifier } from '../oauth/identifier.ts';
import { matchesPostLogoutRedirectUri } from '../oauth/redirect-uri.ts';

export interface LogoutRequestContext extends IdTokenHintContext {
  findClient(client_id: string): Promise<Client | undefined>;
}

/** OpenID Connect RP-Initiated Logout section 2 */
export interface LogoutRequest {
  readonly client: Client | undefined;
  readonly hint: IdTokenHint | undefined;
  /** `state` included. */
  readonly redirectTo: string | undefined;
}

const names = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state', 'ui_locales'] as const;

/** Unknown parameters are dropped. */
export const toLogoutQuery = (parameters: Form): string =>
  new URLSearchParams(
    names.flatMap((name): [string, string][] => {
      const value = parameters.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  ).toString();

/** @throws OAuthError `invalid_request` for a wrong hint, client or redirect URI (section 4); Unavailable */
export async function readLogoutRequest(parameters: Form, context: LogoutRequestContext): Promise<LogoutRequest> {
  const token = parameters.get('id_token_hint');
  const hint = token === undefined ? undefined : await readIdTokenHint(token, context);
  const named = parameters.get('client_id');
  if (hint && named !== undefined && named !== hint.client_id) throw invalid('client_id does not match id_token_hint');
  const client_id = hint?.client_id ?? named;
  const client = client_id === undefined ? undefined : await getClient(client_id, context);
  return { client, hint, redirectTo: parseRedirect(parameters, client) };
}

async function getClient(client_id: string, { findClient }: LogoutRequestContext): Promise<Client> {
  const client = isIdentifier(client_id) ? await findClient(client_id) : undefined;
  if (!client) throw invalid('client_id is unknown', { reason: 'unknown client' });
  if (!client.enabled) {
    throw invalid('client_id is unknown', { reason: 'disabled client', caller: { client_id: client.client_id } });
  }
  return client;
}

/** Only a URI that is registered for the client is accepted; compared character by character. Section 3 */
function parseRedirect(parameters: Form, client: Client | undefined): string | undefined {
  const uri = parameters.get('post_logout_redirect_uri');
  if (uri === undefined) return undefined;
  if (!client) throw invalid('post_logout_redirect_uri needs a client_id or an id_token_hint');
  if (!matchesPostLogoutRedirectUri(uri, client.post_logout_redirect_uris ?? [], client.private_use_schemes)) {
    throw invalid('post_logout_redirect_uri is not registered for this client', {
      caller: { client_id: client.client_id },
    });
  }
  const state = parameters.get('state');
  if (state === undefined) return uri;
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`;
}

const invalid = (description: string, more?: ConstructorParameters<typeof OAuthError>[2]) =>
  new OAuthError('invalid_request', description, more);
