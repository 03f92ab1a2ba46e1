import { type LogoutContext, logout } from '../lib/endpoints/logout.ts';
import { serve } from '../lib/http/serve.ts';
import { browsingContext } from '../lib/wiring/browsing.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { revokingContext } from '../lib/wiring/revoking.ts';

export const compose = (base = createFoundationWithTable()): LogoutContext => ({
  ...revokingContext(base),
  ...browsingContext(base),
});

export const handler = serve(logout, compose);
