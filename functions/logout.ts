import { logoutContext } from '../lib/compose.ts';
import { logout } from '../lib/endpoints/logout.ts';
import { serve } from '../lib/http/serve.ts';

export const handler = serve(logout, () => logoutContext());
