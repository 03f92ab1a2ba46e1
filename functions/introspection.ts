import { type IntrospectionContext, introspection } from '../lib/endpoints/introspection.ts';
import { serve } from '../lib/http/serve.ts';
import { authenticationContext, callerFinder } from '../lib/wiring/clients.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { handles } from '../lib/wiring/handles.ts';
import { verifyingContext } from '../lib/wiring/verifying.ts';

export const compose = (base = createFoundationWithTable()): IntrospectionContext => ({
  ...verifyingContext(base),
  ...authenticationContext(base),
  handles: handles(base, 'reference_token'),
  findCaller: callerFinder(base),
});

export const handler = serve(introspection, compose);
