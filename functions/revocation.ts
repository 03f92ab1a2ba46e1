import { type RevocationContext, revocation } from '../lib/endpoints/revocation.ts';
import { serve } from '../lib/http/serve.ts';
import { createGrantStore } from '../lib/store/grant.ts';
import { authenticatingClientFinder, authenticationContext } from '../lib/wiring/clients.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { handles } from '../lib/wiring/handles.ts';
import { verifyingContext } from '../lib/wiring/verifying.ts';

export const compose = (base = createFoundationWithTable()): RevocationContext => ({
  ...verifyingContext(base),
  ...authenticationContext(base),
  handles: handles(base, 'reference_token', 'refresh_token'),
  findClient: authenticatingClientFinder(base),
  grants: createGrantStore(base.table),
});

export const handler = serve(revocation, compose);
