import { type IntrospectionContext, introspection } from '../lib/endpoints/introspection.ts';
import { serve } from '../lib/http/serve.ts';
import { findCaller } from '../lib/wiring/clients.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { verifying } from '../lib/wiring/verifying.ts';

export const compose = (base = createFoundationWithTable()): IntrospectionContext => ({
  ...verifying(base),
  findCaller: findCaller(base),
});

export const handler = serve(introspection, compose);
