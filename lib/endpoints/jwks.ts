import type { JwksContext } from '../context.ts';
import { createDocument, respondWith } from '../http/cacheable.ts';
import type { Endpoint } from '../http/serve.ts';

/** Ten minutes: how long a verifier may go on without a new key. */
const MAX_AGE = 600;

/** The public keys. RFC 7517 section 5. */
export const jwks: Endpoint<JwksContext> = {
  methods: ['GET'],
  cors: 'any',
  handle: (request, { keys }) => respondWith(createDocument({ keys }, MAX_AGE), request),
};
