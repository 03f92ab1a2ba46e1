import type { ClientAuthenticationMethod } from './method.ts';

/** RFC 6749 section 2.3.1 */
export const clientSecretPost: ClientAuthenticationMethod = {
  name: 'client_secret_post',
  usesSecret: true,
  provesIdentity: true,
  identify: (_request, form) => (form.get('client_secret') === undefined ? undefined : [form.require('client_id')]),
  authenticate: (_request, form, _client, { requireSecret }) => requireSecret({ sent: form.require('client_secret') }),
};
