import { type DiscoveryContext, discovery } from '../lib/endpoints/discovery.ts';
import { serve } from '../lib/http/serve.ts';
import { createFoundation } from '../lib/wiring/foundation.ts';
import { publishedKeysReader } from '../lib/wiring/keys.ts';

export function compose(base = createFoundation()): DiscoveryContext {
  const publishedKeys = publishedKeysReader(base);
  return {
    log: base.log,
    issuer: base.config.get('ISSUER'),
    algorithms: async () => (await publishedKeys()).map(({ alg }) => alg),
    jwksCache: base.config.get('JWKS_CACHE_SECONDS'),
  };
}

export const handler = serve(discovery, compose);
