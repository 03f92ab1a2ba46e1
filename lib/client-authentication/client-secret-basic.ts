import { isUtf8 } from 'node:buffer';
import { decodeFormComponent } from '../http/form.ts';
import type { HttpRequest } from '../http/message.ts';
import { invalidClient } from './invalid-client.ts';
import type { ClientAuthenticationMethod } from './method.ts';

/** RFC 6749 section 2.3.1. Any `Authorization` header counts as an attempt, so that a malformed one is not ignored. */
export const clientSecretBasic: ClientAuthenticationMethod = {
  name: 'client_secret_basic',
  usesSecret: true,
  provesIdentity: true,
  identify: (request) => credentialsOf(request)?.id,
  authenticate: (request, _form, _client, { requireSecret }) => requireSecret(credentialsOf(request)?.secret),
};

function credentialsOf(request: HttpRequest) {
  const [header, ...others] = request.header('authorization');
  if (header === undefined) return undefined;
  const credentials = others.length === 0 ? parseBasicCredentials(header) : undefined;
  if (!credentials) throw invalidClient('malformed authentication');
  return credentials;
}

/** Id and secret are form-encoded. RFC 6749 section 2.3.1, RFC 7617 */
export function parseBasicCredentials(header: string): { id: string; secret: string } | undefined {
  const [, encoded = ''] = /^Basic +(\S+)$/i.exec(header) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded || !isUtf8(bytes)) return undefined;
  const text = bytes.toString();
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  const id = decodeFormComponent(text.slice(0, colon));
  const secret = decodeFormComponent(text.slice(colon + 1));
  return id && secret ? { id, secret } : undefined;
}
