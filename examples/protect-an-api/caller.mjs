// Who calls, as the authorizer found out. The gateway sets these headers and lets none of them in from outside, so the server
// must be out of reach for everybody but the gateway: here it listens on loopback.

/** @param headers of the request, with names in lower case; undefined = the request did not come through the gateway */
export function readCaller(headers) {
  const sub = headers['x-latchkey-sub'];
  if (!sub) return undefined;
  return {
    sub,
    client_id: headers['x-latchkey-client-id'],
    scope: (headers['x-latchkey-scope'] ?? '').split(' '),
  };
}

/** Why a caller may not do what needs this scope, as status and body; undefined = it may. RFC 6750 section 3.1 */
export function refuse(caller, scope) {
  if (!caller) return { status: 401, body: { error: 'invalid_token' } };
  if (!caller.scope.includes(scope)) return { status: 403, body: { error: 'insufficient_scope', scope } };
  return undefined;
}
