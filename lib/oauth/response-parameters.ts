/** RFC 6749 section 4.1.2, RFC 9207, OpenID Connect Core section 3 */
export const responseParameters = [
  'code',
  'access_token',
  'token_type',
  'expires_in',
  'scope',
  'id_token',
  'error',
  'error_description',
  'state',
  'iss',
] as const;

type ResponseParameter = (typeof responseParameters)[number];

export type ResponseParameters = { readonly [Name in ResponseParameter]?: string | number | undefined };
