import { createDocument, respondWith } from '../http/cacheable.ts';
import type { Endpoint } from '../http/serve.ts';
import type { PublicJwk } from '../keys/jwk.ts';
import type { LogContext } from '../log.ts';

export interface JwksContext extends LogContext {
  keys(): readonly PublicJwk[] | Promise<readonly PublicJwk[]>;
  /** How long caches may keep them, in seconds. */
  readonly maxAge: number;
}

/** The public keys. RFC 7517 section 5. */
export const jwks: Endpoint<JwksContext> = {
  methods: ['GET'],
  cors: 'any',
  handle: async (request, { keys, maxAge }) => respondWith(createDocument({ keys: await keys() }, maxAge), request),
};
