import type { AuthorizationRequest } from '../oauth/authorization-request.ts';
import type { Grant } from '../oauth/grant.ts';
import { createGrantId } from '../oauth/grant-id.ts';
import type { Session } from '../oauth/session.ts';
import { issueCode, storeGrant } from '../tokens/code.ts';
import { issueIdToken } from '../tokens/id-token.ts';
import { issueAccessToken } from '../tokens/issue.ts';
import type { AuthorizationContext } from './authorization.ts';
import type { Wanted } from './authorization-access.ts';
import type { ResponseParameters } from './authorization-response.ts';
import type { Target } from './authorization-target.ts';

/**
 * What the client gets: a code, tokens, or both from one grant. Nothing of it can be used before the answer, so a fault on the
 * way leaves nothing that has to be taken back. RFC 6749 section 4.1.2, OpenID Connect Core sections 3.2.2.5 and 3.3.2.5
 */
export async function issueAnswer(
  { client, redirect_uri }: Target,
  request: AuthorizationRequest,
  { scope, resources }: Wanted,
  session: Session,
  context: AuthorizationContext,
): Promise<ResponseParameters> {
  const { responseType, code_challenge, nonce, claims } = request;
  const { sub, auth_time, amr, sid, expires_at } = session;
  const grant: Grant = {
    grant_id: createGrantId(sub),
    client,
    sub,
    scope,
    resources,
    auth_time,
    amr,
    sid,
    ...(nonce !== undefined && { nonce }),
    ...(claims !== undefined && { claims }),
  };
  const binding = { redirect_uri, ...(code_challenge !== undefined && { code_challenge }) };
  const [code, tokens] = await Promise.all([
    responseType.has('code') ? issueCode(grant, binding, context) : undefined,
    responseType.has('token') ? issueAccessToken(grant, context) : undefined,
    // Without a code too it must be found when it is to end.
    responseType.has('token') && !responseType.has('code') ? storeGrant(grant, context) : undefined,
    context.sessions.addGrant(sid, { grant_id: grant.grant_id, client_id: client.client_id, expires_at }),
  ]);
  const beside = {
    ...(code !== undefined && { code }),
    ...(tokens && { access_token: tokens.access_token }),
    isAlone: responseType.size === 1,
  };
  const id_token = responseType.has('id_token') ? await issueIdToken(grant, beside, context) : undefined;
  context.log.info('authorized', { client_id: client.client_id, grant_id: grant.grant_id });
  return { code, ...tokens, id_token };
}
