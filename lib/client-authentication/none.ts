import type { ClientAuthenticationMethod } from './method.ts';

/** A public client names itself and proves nothing. RFC 6749 section 3.2.1. */
export const none: ClientAuthenticationMethod = {
  name: 'none',
  read(request, form) {
    const id = form.get('client_id');
    const isAlone = request.header('authorization').length === 0 && form.get('client_secret') === undefined;
    return id !== undefined && isAlone ? { id } : undefined;
  },
};
