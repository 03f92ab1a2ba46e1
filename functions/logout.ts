import { type LogoutContext, logout } from '../lib/endpoints/logout.ts';
import { serve } from '../lib/http/serve.ts';
import { browsing } from '../lib/wiring/browsing.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { revoking } from '../lib/wiring/revoking.ts';

export const compose = (base = createFoundationWithTable()): LogoutContext => ({
  ...revoking(base),
  ...browsing(base),
});

export const handler = serve(logout, compose);
