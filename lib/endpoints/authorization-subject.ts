import { type IdTokenHintContext, readIdTokenHint } from '../interaction/id-token-hint.ts';
import type { AuthorizationRequest } from '../oauth/authorization-request.ts';
import type { Client } from '../oauth/client.ts';

/** Undefined when any is acceptable. OpenID Connect Core sections 3.1.2.1 and 5.5.1. @throws OAuthError `invalid_request` */
export async function readRequestedSubjects(
  { id_token_hint, claimsRequest }: AuthorizationRequest,
  client: Client,
  context: IdTokenHintContext,
): Promise<readonly unknown[] | undefined> {
  const byClaims = claimsRequest.id_token.get('sub')?.values;
  if (id_token_hint === undefined) return byClaims;
  const { sub } = await readIdTokenHint(id_token_hint, context, client);
  return byClaims === undefined || byClaims.includes(sub) ? [sub] : [];
}
