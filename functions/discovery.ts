import { type DiscoveryContext, discovery } from '../lib/endpoints/discovery.ts';
import { serve } from '../lib/http/serve.ts';
import { createFoundation } from '../lib/wiring/foundation.ts';
import { algorithmsReader } from '../lib/wiring/keys.ts';

export const compose = (base = createFoundation()): DiscoveryContext => ({
  log: base.log,
  issuer: base.config.get('ISSUER'),
  algorithms: algorithmsReader(base),
  jwksCache: base.config.get('JWKS_CACHE_SECONDS'),
});

export const handler = serve(discovery, compose);
