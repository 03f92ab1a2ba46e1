import { conditionalResponse, createPublicDocument } from '../http/public-document.ts';
import type { Endpoint } from '../http/serve.ts';
import type { SigningJwk } from '../keys/signing-key.ts';
import type { LogContext } from '../log.ts';

export interface JwksContext extends LogContext {
  keys(): readonly SigningJwk[] | Promise<readonly SigningJwk[]>;
  /** How long verifiers may go by the keys that they know, in seconds. */
  readonly jwksCache: number;
}

/** Seconds: ten minutes are how long a verifier may do without a new key. */
const MAX_AGE = 600;

/** The public keys. RFC 7517 section 5. */
export const jwks: Endpoint<JwksContext> = {
  methods: ['GET'],
  cors: 'any',
  handle: async (request, { keys, jwksCache }) =>
    conditionalResponse(createPublicDocument({ keys: await keys() }, Math.min(MAX_AGE, jwksCache)), request),
};
