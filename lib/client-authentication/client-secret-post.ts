import type { ClientAuthenticationMethod } from './method.ts';

/** RFC 6749 section 2.3.1, the form's side. */
export const clientSecretPost: ClientAuthenticationMethod = {
  name: 'client_secret_post',
  read(_request, form) {
    const secret = form.get('client_secret');
    return secret === undefined ? undefined : { id: form.require('client_id'), secret };
  },
};
