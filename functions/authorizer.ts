import { createAuthorizer } from '../lib/authorizer/authorizer.ts';
import { authorizerContext } from '../lib/compose.ts';

export const handler = createAuthorizer(() => authorizerContext());
