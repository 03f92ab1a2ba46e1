import { type JwksContext, jwks } from '../lib/endpoints/jwks.ts';
import { serve } from '../lib/http/serve.ts';
import { createFoundation } from '../lib/wiring/foundation.ts';
import { publishedKeysReader } from '../lib/wiring/keys.ts';

export const compose = (base = createFoundation()): JwksContext => ({
  log: base.log,
  keys: publishedKeysReader(base),
  jwksCache: base.config.get('JWKS_CACHE_SECONDS'),
});

export const handler = serve(jwks, compose);
