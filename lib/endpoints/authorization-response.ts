import type { Response } from '../http/message.ts';
import type { OAuthError } from '../oauth/errors.ts';
import type { ResponseMode } from '../oauth/response-type.ts';
import { formPostPage } from '../pages/form-post.ts';
import type { Site } from '../pages/page.ts';
import { formActionFor, type Target } from './authorization-target.ts';

export type ResponseParameters = Readonly<Record<string, string | number | undefined>>;

type Send = (target: Target, parameters: Readonly<Record<string, string>>, site: Site) => Response;

/** RFC 6749 section 4.1.2, OAuth 2.0 Multiple Response Type Encoding Practices, Form Post Response Mode */
const modes = {
  query: ({ redirect_uri }, parameters) =>
    seeOther(`${redirect_uri}${redirect_uri.includes('?') ? '&' : '?'}${new URLSearchParams(parameters)}`),
  fragment: ({ redirect_uri }, parameters) => seeOther(`${redirect_uri}#${new URLSearchParams(parameters)}`),
  form_post: (target, parameters, site) =>
    formPostPage(site, { redirect_uri: target.redirect_uri, formAction: formActionFor(target), parameters }),
} as const satisfies Record<ResponseMode, Send>;

/** An answer for the client. It says whose it is, also when it is an error. RFC 9207 section 2 */
export function respond(target: Target, answer: ResponseParameters, issuer: string, site: Site): Response {
  const parameters = Object.entries({ ...answer, state: target.state, iss: issuer });
  const sent = parameters.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return modes[target.mode](target, Object.fromEntries(sent), site);
}

export const errorParameters = ({ code, message }: Pick<OAuthError, 'code' | 'message'>): ResponseParameters => ({
  error: code,
  error_description: message,
});

/** Never 307, which would post the password on to the client. RFC 9700 section 4.12 */
export const seeOther = (location: string): Response => ({
  status: 303,
  headers: { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' },
  body: '',
});
