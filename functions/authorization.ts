import { authorizationContext } from '../lib/compose.ts';
import { authorization } from '../lib/endpoints/authorization.ts';
import { serve } from '../lib/http/serve.ts';

export const handler = serve(authorization, () => authorizationContext());
