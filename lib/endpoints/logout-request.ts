import type { Form } from '../http/form.ts';
import type { Client } from '../oauth/client.ts';
import { InvalidToken, OAuthError } from '../oauth/errors.ts';
import { isIdentifier } from '../oauth/identifier.ts';
import { type IdTokenHint, verifyIdTokenHint } from '../tokens/id-token-hint.ts';
import type { LogoutContext } from './logout.ts';

/** A request to sign somebody out, found to be in order. OpenID Connect RP-Initiated Logout section 2 */
export interface LogoutRequest {
  /** The client it comes from, if it says so. */
  readonly client: Client | undefined;
  /** Whom the client means. */
  readonly sub: string | undefined;
  /** Where to go afterwards, `state` included. */
  readonly redirectTo: string | undefined;
  readonly ui_locales: string | undefined;
}

const names = ['id_token_hint', 'client_id', 'post_logout_redirect_uri', 'state', 'ui_locales'] as const;

/** What there is of them as a query, and nothing else. */
export const logoutParameters = (parameters: Form): URLSearchParams =>
  new URLSearchParams(
    names.flatMap((name): [string, string][] => {
      const value = parameters.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** @throws OAuthError `invalid_request`: what cannot be relied on is not acted upon. Section 4 */
export async function readLogoutRequest(parameters: Form, context: LogoutContext): Promise<LogoutRequest> {
  const hint = await readHint(parameters.get('id_token_hint'), context);
  const named = parameters.get('client_id');
  if (hint && named !== undefined && named !== hint.client_id) throw invalid('client_id is not that of id_token_hint');
  const client_id = hint?.client_id ?? named;
  const client = client_id === undefined ? undefined : await getClient(client_id, context);
  const redirectTo = redirection(parameters, client);
  return { client, sub: hint?.sub, redirectTo, ui_locales: parameters.get('ui_locales') };
}

async function readHint(token: string | undefined, context: LogoutContext): Promise<IdTokenHint | undefined> {
  if (token === undefined) return undefined;
  try {
    return await verifyIdTokenHint(token, context);
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    context.log.info('id_token_hint refused', { reason: error.message });
    throw invalid('id_token_hint is no ID token of ours');
  }
}

async function getClient(client_id: string, { findClient }: LogoutContext): Promise<Client> {
  const client = isIdentifier(client_id) ? await findClient(client_id) : undefined;
  if (!client) throw invalid('there is no such client', { reason: 'unknown client' });
  if (!client.enabled) {
    throw invalid('there is no such client', { reason: 'disabled client', caller: { client_id: client.client_id } });
  }
  return client;
}

/** Nowhere but where the client has said before, character by character. Section 3 */
function redirection(parameters: Form, client: Client | undefined): string | undefined {
  const uri = parameters.get('post_logout_redirect_uri');
  if (uri === undefined) return undefined;
  if (!client) throw invalid('post_logout_redirect_uri needs a client_id or an id_token_hint');
  if (!client.post_logout_redirect_uris?.includes(uri)) {
    throw invalid('post_logout_redirect_uri is none of those registered', { caller: { client_id: client.client_id } });
  }
  const state = parameters.get('state');
  if (state === undefined) return uri;
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`;
}

const invalid = (description: string, more?: ConstructorParameters<typeof OAuthError>[2]) =>
  new OAuthError('invalid_request', description, more);
