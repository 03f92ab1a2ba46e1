import { createHealthCheck, type HealthContext, health } from '../lib/endpoints/health.ts';
import { serve } from '../lib/http/serve.ts';
import { createFoundation } from '../lib/wiring/foundation.ts';
import { healthParts } from '../lib/wiring/health.ts';

export const compose = (base = createFoundation()): HealthContext => ({
  log: base.log,
  check: createHealthCheck(() => healthParts(base), base.clock),
});

export const handler = serve(health, compose);
