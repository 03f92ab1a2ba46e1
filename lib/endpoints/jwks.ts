import type { JwksContext } from '../context.ts';
import { createDocument, respondWith } from '../http/cacheable.ts';
import type { Endpoint } from '../http/serve.ts';

/** The public keys. RFC 7517 section 5. */
export const jwks: Endpoint<JwksContext> = {
  methods: ['GET'],
  cors: 'any',
  handle: async (request, { keys, maxAge }) => respondWith(createDocument({ keys: await keys() }, maxAge), request),
};
