import { parseBasic } from '../http/basic.ts';
import { invalidClient } from './invalid-client.ts';
import type { ClientAuthenticationMethod } from './method.ts';

/** RFC 6749 section 2.3.1. Whatever stands in the header counts as an attempt, so that a broken one is not overlooked. */
export const clientSecretBasic: ClientAuthenticationMethod = {
  name: 'client_secret_basic',
  read(request) {
    const [header, ...others] = request.header('authorization');
    if (header === undefined) return undefined;
    const credentials = others.length === 0 ? parseBasic(header) : undefined;
    if (!credentials) throw invalidClient('malformed authentication');
    return credentials;
  },
};
