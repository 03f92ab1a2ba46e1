import { jwksContext } from '../lib/compose.ts';
import { jwks } from '../lib/endpoints/jwks.ts';
import { serve } from '../lib/http/serve.ts';

export const handler = serve(jwks, () => jwksContext());
