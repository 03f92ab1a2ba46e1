/** RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750, RFC 7009, RFC 8628 and RFC 8707; OpenID Connect Core section 3.1.2.6 */
export type ErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'authorization_pending'
  | 'slow_down'
  | 'unsupported_token_type'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'access_denied'
  | 'unsupported_response_type'
  | 'interaction_required'
  | 'login_required'
  | 'account_selection_required'
  | 'consent_required'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'registration_not_supported'
  | 'unmet_authentication_requirements'
  | 'temporarily_unavailable'
  | 'server_error';

export interface CallerId {
  readonly client_id?: string | undefined;
  readonly resource_server?: string | undefined;
}

interface RefusalOptions {
  /** 400 unless given. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Only for the log. Contains nothing from the request. */
  readonly reason?: string;
  /** Only ids found in the table. */
  readonly caller?: CallerId;
}

/** `description` is public: printable ASCII without `"` and `\` (RFC 6749 section 5.2), and nothing from the request. */
export class OAuthError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly reason: string;
  readonly caller: CallerId;

  constructor(
    code: ErrorCode,
    description: string,
    { status = 400, headers = {}, reason = description, caller = {} }: RefusalOptions = {},
  ) {
    super(description);
    this.name = 'OAuthError';
    this.code = code;
    this.status = status;
    this.headers = headers;
    this.reason = reason;
    this.caller = caller;
  }
}

/** Something that the service depends on did not answer: an endpoint answers 503, the authorizer throws. */
export class Unavailable extends Error {
  constructor(what: string, cause?: unknown) {
    super(`${what} is unavailable`, { cause });
    this.name = 'Unavailable';
  }
}

/** The message completes "the token ...". It is for the log and `latchkey token explain`, never for the caller. */
export class InvalidToken extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'InvalidToken';
  }
}

/** For ever: whatever happens, this token is not accepted again. */
export class LastingRefusal extends InvalidToken {}

/** Encrypted to a key that only the resource server has, for which the token may be valid. */
export class UnreadableToken extends InvalidToken {
  constructor() {
    super('is encrypted to a key that this service does not have');
  }
}
