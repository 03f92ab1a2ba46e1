import { type TokenContext, token } from '../lib/endpoints/token.ts';
import { serve } from '../lib/http/serve.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { issuing } from '../lib/wiring/issuing.ts';

export const compose = (base = createFoundationWithTable()): TokenContext => ({
  ...issuing(base),
  reuseInterval: base.config.get('REFRESH_REUSE_INTERVAL_SECONDS'),
});

export const handler = serve(token, compose);
