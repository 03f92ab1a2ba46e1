import { type IntrospectionContext, introspection } from '../lib/endpoints/introspection.ts';
import { serve } from '../lib/http/serve.ts';
import { createEpochStore } from '../lib/store/epoch.ts';
import { createGrantStore } from '../lib/store/grant.ts';
import { authenticationContext, callerFinder } from '../lib/wiring/clients.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { handles } from '../lib/wiring/handles.ts';
import { verifyingContext } from '../lib/wiring/verifying.ts';

export const compose = (base = createFoundationWithTable()): IntrospectionContext => ({
  ...verifyingContext(base),
  ...authenticationContext(base),
  handles: handles(base, 'reference_token', 'refresh_token'),
  findCaller: callerFinder(base),
  findGrant: createGrantStore(base.table).find,
  epochs: createEpochStore(base.table),
});

export const handler = serve(introspection, compose);
