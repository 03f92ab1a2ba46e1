import { type AuthorizerContext, createAuthorizer } from '../lib/authorizer/authorizer.ts';
import { extensions } from '../lib/extensions.ts';
import { createFoundationWithTable } from '../lib/wiring/foundation.ts';
import { handles } from '../lib/wiring/handles.ts';
import { verifyingContextFor } from '../lib/wiring/verifying.ts';

export const compose = (base = createFoundationWithTable()): AuthorizerContext => ({
  ...verifyingContextFor(base.config.audience(), base),
  handles: handles(base, 'reference_token'),
  membershipClaims: { groups: base.config.get('GROUPS_CLAIM'), roles: base.config.get('ROLES_CLAIM') },
  maxAge: base.config.get('REVOCATION_MAX_AGE_SECONDS'),
  responseFormat: base.config.get('AUTHORIZER_RESPONSE'),
  extensions,
});

export const handler = createAuthorizer(compose);
