import { revocationContext } from '../lib/compose.ts';
import { revocation } from '../lib/endpoints/revocation.ts';
import { serve } from '../lib/http/serve.ts';

export const handler = serve(revocation, () => revocationContext());
