import type { HttpRequest, HttpResponse } from '../http/message.ts';
import { leave } from '../interaction/leave.ts';
import { OAuthError, Unavailable } from '../oauth/errors.ts';
import type { ResponseParameters } from '../oauth/response-parameters.ts';
import type { ResponseMode } from '../oauth/response-type.ts';
import { formPostPage } from '../pages/form-post.ts';
import type { Site } from '../pages/page.ts';
import type { ClientRedirect } from './authorization-redirect.ts';

type Send = (
  redirect: ClientRedirect,
  parameters: Readonly<Record<string, string>>,
  site: Site,
  request: HttpRequest,
) => HttpResponse;

/** RFC 6749 section 4.1.2, OAuth 2.0 Multiple Response Type Encoding Practices, Form Post Response Mode */
const modes = {
  query: ({ redirect_uri }, parameters, site, request) =>
    leave(request, `${redirect_uri}${redirect_uri.includes('?') ? '&' : '?'}${new URLSearchParams(parameters)}`, site),
  fragment: ({ redirect_uri }, parameters, site, request) =>
    leave(request, `${redirect_uri}#${new URLSearchParams(parameters)}`, site),
  form_post: ({ redirect_uri }, parameters, site) => formPostPage(site, { redirect_uri, parameters }),
} as const satisfies Record<ResponseMode, Send>;

/** An authorization response, which carries `iss` also when it is an error. RFC 9207 section 2 */
export function createAuthorizationResponse(
  redirect: ClientRedirect,
  answer: ResponseParameters,
  issuer: string,
  site: Site,
  request: HttpRequest,
): HttpResponse {
  const parameters: ResponseParameters = { ...answer, state: redirect.state, iss: issuer };
  const present = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return modes[redirect.response_mode](redirect, Object.fromEntries(present), site, request);
}

/** The parameters that report an error to the client. For a fault they give no details. RFC 6749 section 4.1.2.1 */
export function errorParameters(error: unknown): ResponseParameters {
  if (error instanceof OAuthError) return { error: error.code, error_description: error.message };
  const code = error instanceof Unavailable ? 'temporarily_unavailable' : 'server_error';
  return { error: code, error_description: 'the request failed; try again later' };
}
