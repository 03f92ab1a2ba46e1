import type { LogContext } from '../log.ts';
import type { AuthorizationRequest } from '../oauth/authorization-request.ts';
import type { Grant } from '../oauth/grant.ts';
import { createGrantId } from '../oauth/grant-id.ts';
import type { HandlesByKind } from '../oauth/handle.ts';
import type { ResponseParameters } from '../oauth/response-parameters.ts';
import { rootOf, type Session } from '../oauth/session.ts';
import { joinSession } from '../revocation/end-session.ts';
import type { SessionStore } from '../store/session.ts';
import { type CodeContext, grantExpiry, issueCode, storeGrant } from '../tokens/code.ts';
import { type IdTokenContext, issueIdToken } from '../tokens/id-token.ts';
import { type AccessTokenContext, issueAccessToken } from '../tokens/issue.ts';
import type { RequestedAccess } from './authorization-access.ts';
import type { ClientRedirect } from './authorization-redirect.ts';

export interface AuthorizationGrantContext extends LogContext, CodeContext, AccessTokenContext, IdTokenContext {
  readonly handles: HandlesByKind<'code' | 'reference_token'>;
  readonly sessions: SessionStore;
}

export interface ValidRequest extends AuthorizationRequest {
  readonly redirect: ClientRedirect;
  readonly access: RequestedAccess;
}

/**
 * Issues code and tokens from one new grant. They are unknown until the client has the response, so a fault needs no undoing.
 * RFC 6749 section 4.1.2, OpenID Connect Core sections 3.2.2.5 and 3.3.2.5
 */
export async function issueAuthorization(
  request: ValidRequest,
  session: Session,
  consented_at: number | undefined,
  context: AuthorizationGrantContext,
): Promise<ResponseParameters> {
  const { responseType, code_challenge, redirect } = request;
  const { client, redirect_uri, redirect_uri_omitted } = redirect;
  const { grant_id, secret } = createGrantId(session.sub);
  const grant = createGrant(grant_id, request, session, consented_at);
  const binding = {
    redirect_uri,
    ...(redirect_uri_omitted && { redirect_uri_omitted }),
    ...(code_challenge !== undefined && { code_challenge }),
  };
  const { client_id } = client;
  const subject = context.describeSubject(grant);
  const [code, tokens] = await Promise.all([
    responseType.has('code') ? issueCode(grant, secret, binding, context) : undefined,
    responseType.has('token') ? issueAccessToken(grant, context, subject) : undefined,
    // Issuing a code stores the grant. Without a code it has to be stored, too, so that it can be revoked.
    responseType.has('token') && !responseType.has('code') ? storeGrant(grant, context) : undefined,
    joinSession(session, client, grant.root_sid === undefined ? undefined : grantExpiry(grant, context), context),
  ]);
  const together = {
    ...(code !== undefined && { code }),
    ...(tokens && { access_token: tokens.access_token }),
    isAlone: responseType.size === 1,
  };
  const id_token = responseType.has('id_token') ? await issueIdToken(grant, together, context, subject) : undefined;
  context.log.info('authorized', { client_id, grant_id });
  return { code, ...tokens, id_token };
}

function createGrant(
  grant_id: string,
  { redirect, access, nonce, claims }: ValidRequest,
  session: Session,
  consented_at: number | undefined,
): Grant {
  const { sub, auth_time, amr, sid } = session;
  const { scope, resources } = access;
  return {
    grant_id,
    client: redirect.client,
    sub,
    scope,
    resources,
    auth_time,
    amr,
    sid,
    ...(consented_at !== undefined && { consented_at }),
    ...(redirect.client.end_grants_on_logout && { root_sid: rootOf(session) }),
    ...(nonce !== undefined && { nonce }),
    ...(claims !== undefined && { claims }),
  };
}
