import type { ClientAuthenticationMethod } from './method.ts';
import { requireSecret } from './require-secret.ts';

/** RFC 6749 section 2.3.1 */
export const clientSecretPost: ClientAuthenticationMethod = {
  name: 'client_secret_post',
  usesSecret: true,
  provesIdentity: true,
  identify: (_request, form) => (form.get('client_secret') === undefined ? undefined : form.require('client_id')),
  authenticate: (_request, form, client, context) => requireSecret(form.get('client_secret'), client, context),
};
