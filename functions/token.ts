import { tokenContext } from '../lib/compose.ts';
import { token } from '../lib/endpoints/token.ts';
import { serve } from '../lib/http/serve.ts';

export const handler = serve(token, () => tokenContext());
