import type { AuthorizationRequest } from '../oauth/authorization-request.ts';
import type { Client } from '../oauth/client.ts';
import { InvalidToken, OAuthError } from '../oauth/errors.ts';
import { verifyIdTokenHint } from '../tokens/id-token-hint.ts';
import type { AuthorizationContext } from './authorization.ts';

/**
 * Whom the client means: by an ID token that it was given, or by the claim `sub`. OpenID Connect Core sections 3.1.2.1, 5.5.1
 * @returns undefined when anybody will do
 * @throws OAuthError `invalid_request`
 */
export async function readSubjects(
  { id_token_hint, claimsRequest }: AuthorizationRequest,
  client: Client,
  context: AuthorizationContext,
): Promise<readonly unknown[] | undefined> {
  const byClaims = claimsRequest.id_token.get('sub')?.values;
  if (id_token_hint === undefined) return byClaims;
  const { sub } = await readHint(id_token_hint, client, context);
  return byClaims === undefined || byClaims.includes(sub) ? [sub] : [];
}

async function readHint(token: string, client: Client, context: AuthorizationContext) {
  try {
    const hint = await verifyIdTokenHint(token, context);
    if (hint.client_id !== client.client_id) throw new InvalidToken('is for another client');
    return hint;
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    context.log.info('id_token_hint refused', { reason: error.message });
    throw new OAuthError('invalid_request', 'id_token_hint is no ID token of this client');
  }
}
