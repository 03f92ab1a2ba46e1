import type { LogContext } from '../log.ts';
import type { Client } from '../oauth/client.ts';
import { InvalidToken, OAuthError } from '../oauth/errors.ts';
import { MAX_TOKEN_LENGTH } from '../tokens/formats.ts';
import type { createChangingJwtVerifier } from '../tokens/jws.ts';

export interface IdTokenHintContext extends LogContext {
  readonly issuer: string;
  /** Accepts JWTs with the `typ` of an ID token only. */
  readonly verifyIdToken: ReturnType<typeof createChangingJwtVerifier>;
}

/** Whom an ID token is about, and which client it is for. */
export interface IdTokenHint {
  readonly sub: string;
  readonly client_id: string;
}

/**
 * An ID token of this service that a client sends to say which person it means. The token proves nothing else, so it may have
 * expired. OpenID Connect Core section 3.1.2.1, RP-Initiated Logout section 2
 * @param client the only client whose ID token will do; absent = any
 * @throws OAuthError `invalid_request`; Unavailable
 */
export async function readIdTokenHint(
  token: string,
  context: IdTokenHintContext,
  client?: Client,
): Promise<IdTokenHint> {
  try {
    const hint = await verifyIdTokenHint(token, context);
    if (client && hint.client_id !== client.client_id) throw new InvalidToken('is for another client');
    return hint;
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    context.log.info('id_token_hint refused', { reason: error.message });
    const expected = client ? 'this client' : 'ours';
    throw new OAuthError('invalid_request', `id_token_hint is no ID token of ${expected}`);
  }
}

async function verifyIdTokenHint(token: string, { issuer, verifyIdToken }: IdTokenHintContext): Promise<IdTokenHint> {
  if (token.length > MAX_TOKEN_LENGTH) throw new InvalidToken('is too long');
  const { iss, sub, aud } = (await verifyIdToken(token)).claims;
  if (iss !== issuer) throw new InvalidToken('has another iss');
  if (typeof sub !== 'string' || sub === '') throw new InvalidToken('has no proper sub');
  if (typeof aud !== 'string' || aud === '') throw new InvalidToken('has no proper aud');
  return { sub, client_id: aud };
}
