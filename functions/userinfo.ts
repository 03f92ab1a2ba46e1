import { type UserinfoContext, userinfo } from '../lib/endpoints/userinfo.ts';
import { extensions } from '../lib/extensions.ts';
import { serve } from '../lib/http/serve.ts';
import { createGivenAccessFinder } from '../lib/store/grant.ts';
import { createUserClaimsFinder } from '../lib/store/user.ts';
import { clientFinder } from '../lib/wiring/clients.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { handles } from '../lib/wiring/handles.ts';
import { verifyingContext } from '../lib/wiring/verifying.ts';

export const compose = (base = createFoundationWithTable()): UserinfoContext => ({
  ...verifyingContext(base),
  handles: handles(base, 'reference_token'),
  extensions,
  findClient: clientFinder(base),
  findGrant: createGivenAccessFinder(base.table),
  findUser: createUserClaimsFinder(base.table),
});

export const handler = serve(userinfo, compose);
