import type { ClientAuthenticationMethod } from './method.ts';

/** RFC 6749 section 3.2.1 */
export const none: ClientAuthenticationMethod = {
  name: 'none',
  usesSecret: false,
  provesIdentity: false,
  identify(_request, form) {
    const id = form.get('client_id');
    return id === undefined ? undefined : [id];
  },
  async authenticate() {},
};
