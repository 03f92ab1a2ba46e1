import { whoami } from '../lib/endpoints/whoami.ts';
import { serve } from '../lib/http/serve.ts';
import type { LogContext } from '../lib/log.ts';
import { createFoundation } from '../lib/wiring/foundation.ts';

export const compose = ({ log } = createFoundation()): LogContext => ({ log });

export const handler = serve(whoami, compose);
