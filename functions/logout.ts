import { type LogoutContext, logout } from '../lib/endpoints/logout.ts';
import { serve } from '../lib/http/serve.ts';
import { createEpochStore } from '../lib/store/epoch.ts';
import { browsingContext } from '../lib/wiring/browsing.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { handles } from '../lib/wiring/handles.ts';
import { revokingContext } from '../lib/wiring/revoking.ts';

export const compose = (base = createFoundationWithTable()): LogoutContext => ({
  ...revokingContext(base),
  ...browsingContext(base),
  epochs: createEpochStore(base.table),
  handles: handles(base, 'session', 'page'),
});

export const handler = serve(logout, compose);
