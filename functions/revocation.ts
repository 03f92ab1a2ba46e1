import { type RevocationContext, revocation } from '../lib/endpoints/revocation.ts';
import { serve } from '../lib/http/serve.ts';
import { createGrantStore } from '../lib/store/grant.ts';
import { clientFinder } from '../lib/wiring/clients.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { verifyingContext } from '../lib/wiring/verifying.ts';

export const compose = (base = createFoundationWithTable()): RevocationContext => ({
  ...verifyingContext(base),
  findClient: clientFinder(base),
  grants: createGrantStore(base.table),
});

export const handler = serve(revocation, compose);
