import { userinfoContext } from '../lib/compose.ts';
import { userinfo } from '../lib/endpoints/userinfo.ts';
import { serve } from '../lib/http/serve.ts';

export const handler = serve(userinfo, () => userinfoContext());
