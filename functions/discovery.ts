import { discoveryContext } from '../lib/compose.ts';
import { discovery } from '../lib/endpoints/discovery.ts';
import { serve } from '../lib/http/serve.ts';

export const handler = serve(discovery, () => discoveryContext());
