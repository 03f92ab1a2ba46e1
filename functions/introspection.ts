import { introspectionContext } from '../lib/compose.ts';
import { introspection } from '../lib/endpoints/introspection.ts';
import { serve } from '../lib/http/serve.ts';

export const handler = serve(introspection, () => introspectionContext());
