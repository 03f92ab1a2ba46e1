/**
 * The `error` codes this service can answer with. RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750 section 3.1, RFC 7009 section
 * 2.2.1, RFC 8628 section 3.5, RFC 8707 section 2, OpenID Connect Core section 3.1.2.6.
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

/** The registered client or resource server that a request came from, by the id that a log line may show. */
export interface CallerId {
  readonly client_id?: string | undefined;
  readonly resource_server?: string | undefined;
}

interface RefusalOptions {
  /** The HTTP status, 400 unless given. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Why, for the log alone, where the caller must not learn it. Like `description` it holds nothing of the request. */
  readonly reason?: string;
  /** Whom it concerns, for the log alone. Only ids that were found in the table. */
  readonly caller?: CallerId;
}

/**
 * A refusal that the caller is told about. `description` is public and never holds anything of the request
 * (RFC 6749 allows only printable ASCII without `"` and `\` there); `reason` and `caller` are private.
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

/** Something this service depends on did not answer: 503 at an endpoint, a thrown fault at the authorizer. */
export class Unavailable extends Error {
  constructor(what: string, cause?: unknown) {
    super(`${what} is unavailable`, { cause });
    this.name = 'Unavailable';
  }
}

/** Why a presented access token is refused; for logs and `latchkey token explain`, never for the caller. */
export class InvalidToken extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'InvalidToken';
  }
}

/** A token that is encrypted to a key which is not here: it may well be in force, and whoever has the key can tell. */
export class UnreadableToken extends InvalidToken {
  constructor() {
    super('is encrypted to a key that is not here');
  }
}
