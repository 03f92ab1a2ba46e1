import { isUtf8 } from 'node:buffer';
import { usesBearer } from '../http/bearer.ts';
import type { HttpRequest } from '../http/message.ts';
import { decodeFormComponent } from '../oauth/form-component.ts';
import { isIdentifier } from '../oauth/identifier.ts';
import { type PresentedSecret, presentEncoded } from '../secrets/presented-secret.ts';
import { invalidClient } from './invalid-client.ts';
import type { ClientAuthenticationMethod } from './method.ts';

/** RFC 6749 section 2.3.1. A malformed header counts as an attempt, so that it is not ignored. */
export const clientSecretBasic: ClientAuthenticationMethod = {
  name: 'client_secret_basic',
  usesSecret: true,
  provesIdentity: true,
  identify: (request) => readingsOf(request)?.map(({ id }) => id),
  authenticate: (request, _form, _client, { id, requireSecret }) =>
    requireSecret(readingsOf(request)?.find((reading) => reading.id === id)?.secret),
};

function readingsOf(request: HttpRequest): readonly BasicReading[] | undefined {
  const [header, ...others] = request.header('authorization');
  // An access token authenticates no client. Applications that add theirs to every request send it here, too.
  if (header === undefined || (others.length === 0 && usesBearer(header))) return undefined;
  const readings = others.length === 0 ? parseBasicCredentials(header) : [];
  if (readings.length === 0) throw invalidClient('malformed authentication');
  return readings;
}

export interface BasicReading {
  readonly id: string;
  readonly secret: PresentedSecret;
}

/** Each may cost a read of the table. Enough for `https://host:port` and for `urn:a:b:c`, followed by a colon and the secret. */
const MAX_READINGS = 4;

/**
 * Id and secret are form-encoded (RFC 6749 section 2.3.1), or sent as they are (RFC 7617), as by `curl -u`. Then the id ends at any
 * of the first colons. Longest id first: if a shorter one is registered as well, it has hardly a secret that begins with the rest.
 * @returns none if the header is malformed
 */
export function parseBasicCredentials(header: string): readonly BasicReading[] {
  const [, encoded = ''] = /^Basic +(\S+)$/i.exec(header) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded || !isUtf8(bytes)) return [];
  const [first = '', ...others] = bytes.toString().split(':');
  const readings = others.slice(0, MAX_READINGS).flatMap((_, index) => {
    const before = [first, ...others.slice(0, index)].join(':');
    const secret = others.slice(index).join(':');
    if (secret === '') return [];
    const ids = new Set([decodeFormComponent(before) ?? before, before].filter(isIdentifier));
    return [...ids].map((id) => ({ index, id, secret: presentEncoded(secret) }));
  });
  return readings
    .slice(0, MAX_READINGS)
    .toSorted((one, other) => other.index - one.index)
    .map(({ id, secret }) => ({ id, secret }));
}
