import { type AuthorizationContext, authorization } from '../lib/endpoints/authorization.ts';
import { serve } from '../lib/http/serve.ts';
import { createConsentStore } from '../lib/store/consent.ts';
import { browsingContext } from '../lib/wiring/browsing.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { handles } from '../lib/wiring/handles.ts';
import { issuingContext } from '../lib/wiring/issuing.ts';

export const compose = (base = createFoundationWithTable()): AuthorizationContext => ({
  ...issuingContext(base),
  ...browsingContext(base),
  handles: handles(base, 'reference_token', 'code', 'session', 'page'),
  codeLifetime: base.config.get('CODE_LIFETIME_SECONDS'),
  sessionLifetime: base.config.get('SESSION_LIFETIME_SECONDS'),
  keepSignedIn: base.config.get('KEEP_SIGNED_IN_SECONDS'),
  consents: createConsentStore(base.table),
});

export const handler = serve(authorization, compose);
