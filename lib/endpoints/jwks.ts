import { conditionalResponse, createPublicDocument } from '../http/public-document.ts';
import type { Endpoint } from '../http/serve.ts';
import type { SigningJwk } from '../keys/signing-key.ts';
import type { LogContext } from '../log.ts';

export interface JwksContext extends LogContext {
  keys(): readonly SigningJwk[] | Promise<readonly SigningJwk[]>;
  /** Seconds. */
  readonly jwksCache: number;
}

/** Seconds. A verifier that caches the document learns of a new key within ten minutes. */
const MAX_AGE = 600;

/** The JWK Set with the public keys. RFC 7517 section 5 */
export const jwks: Endpoint<JwksContext> = {
  methods: ['GET'],
  cors: 'any',
  handle: async (request, { keys, jwksCache }) =>
    conditionalResponse(createPublicDocument({ keys: await keys() }, Math.min(MAX_AGE, jwksCache)), request),
};
