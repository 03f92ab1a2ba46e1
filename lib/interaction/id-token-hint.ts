import type { LogContext } from '../log.ts';
import { MAX_TOKEN_LENGTH } from '../oauth/access-token.ts';
import type { Client } from '../oauth/client.ts';
import { InvalidToken, OAuthError } from '../oauth/errors.ts';
import type { createChangingJwtVerifier } from '../tokens/jws.ts';

export interface IdTokenHintContext extends LogContext {
  readonly issuer: string;
  /** For JWTs with the `typ` of an ID token. */
  readonly verifyIdToken: ReturnType<typeof createChangingJwtVerifier>;
}

export interface IdTokenHint {
  readonly sub: string;
  readonly client_id: string;
  /** Of the browser session; absent when none was open, as with the grant type `password`. */
  readonly sid: string | undefined;
}

/** It is no proof, so it may have expired. @param client of the ID token; absent = any. @throws OAuthError `invalid_request` */
export async function readIdTokenHint(
  token: string,
  context: IdTokenHintContext,
  client?: Client,
): Promise<IdTokenHint> {
  try {
    const hint = await verifyIdTokenHint(token, context);
    if (client && hint.client_id !== client.client_id) throw new InvalidToken('was issued to another client');
    return hint;
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
    context.log.info('id_token_hint refused', { reason: error.message });
    const expected = client ? ' for this client' : '';
    throw new OAuthError('invalid_request', `id_token_hint is not an ID token of this issuer${expected}`);
  }
}

async function verifyIdTokenHint(token: string, { issuer, verifyIdToken }: IdTokenHintContext): Promise<IdTokenHint> {
  if (token.length > MAX_TOKEN_LENGTH) throw new InvalidToken('is too long');
  const { iss, sub, aud, sid } = (await verifyIdToken(token)).claims;
  if (iss !== issuer) throw new InvalidToken('has the wrong iss');
  if (typeof sub !== 'string' || sub === '') throw new InvalidToken('has a missing or invalid sub');
  if (typeof aud !== 'string' || aud === '') throw new InvalidToken('has a missing or invalid aud');
  if (sid !== undefined && typeof sid !== 'string') throw new InvalidToken('has an invalid sid');
  return { sub, client_id: aud, sid };
}
