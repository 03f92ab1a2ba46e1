/**
 * The `error` codes of this service. RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750 section 3.1, RFC 7009 section 2.2.1, RFC 8628
 * section 3.5, RFC 8707 section 2, OpenID Connect Core section 3.1.2.6
 */
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

/** The registered client or resource server that sent a request, for the log. */
export interface CallerId {
  readonly client_id?: string | undefined;
  readonly resource_server?: string | undefined;
}

interface RefusalOptions {
  /** The HTTP status, 400 unless given. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The reason to log when the caller must not learn it. Like `description`, it contains nothing from the request. */
  readonly reason?: string;
  /** The caller to log. Only ids that were found in the table. */
  readonly caller?: CallerId;
}

/**
 * A refusal that is reported to the caller. `description` is public and contains nothing from the request (RFC 6749 section 5.2
 * allows only printable ASCII without `"` and `\`). `reason` and `caller` are only logged.
 */
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

/** Something that this service depends on did not answer. An endpoint answers 503, the authorizer throws. */
export class Unavailable extends Error {
  constructor(what: string, cause?: unknown) {
    super(`${what} is unavailable`, { cause });
    this.name = 'Unavailable';
  }
}

/**
 * A presented token is not valid. The message completes the sentence "the token ..."; it is for the log and `latchkey token
 * explain`, and never sent to the caller.
 */
export class InvalidToken extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'InvalidToken';
  }
}

/** The token is encrypted to a key that this service does not have. For the resource server, which has it, it may be valid. */
export class UnreadableToken extends InvalidToken {
  constructor() {
    super('is encrypted to a key that is not here');
  }
}
