import { type TokenContext, token } from '../lib/endpoints/token.ts';
import { serve } from '../lib/http/serve.ts';
import { authenticatingClientFinder, authenticationContext } from '../lib/wiring/clients.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { handles } from '../lib/wiring/handles.ts';
import { issuingContext } from '../lib/wiring/issuing.ts';

export const compose = (base = createFoundationWithTable()): TokenContext => ({
  ...issuingContext(base),
  ...authenticationContext(base),
  findClient: authenticatingClientFinder(base),
  handles: handles(base, 'reference_token', 'code', 'refresh_token'),
  reuseInterval: base.config.get('REFRESH_REUSE_INTERVAL_SECONDS'),
});

export const handler = serve(token, compose);
