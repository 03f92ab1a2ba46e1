import { whoamiContext } from '../lib/compose.ts';
import { whoami } from '../lib/endpoints/whoami.ts';
import { serve } from '../lib/http/serve.ts';

export const handler = serve(whoami, () => whoamiContext());
