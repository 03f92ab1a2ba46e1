import type { HttpResponse } from '../http/message.ts';
import type { Access } from '../oauth/consent.ts';
import type { OAuthError } from '../oauth/errors.ts';
import type { Session } from '../oauth/session.ts';
import type { Requirements } from './next-interaction.ts';

/**
 * What follows when a person has signed in. The endpoint that opens the visit decides what the person must have done before, and
 * makes the response; the pages in between know nothing else about it.
 */
export interface Continuation {
  /** The name of the endpoint. Forms from pages of another endpoint are refused. */
  readonly endpoint: string;
  /** The request as a query. It is carried from page to page, so nothing is stored before the person has signed in. */
  readonly query: string;
  readonly requirements: Requirements;
  /** Absent = no consent is needed. */
  readonly consent?: ConsentRequest;
  /** The username to fill in. OpenID Connect Core section 3.1.2.1 */
  readonly login_hint: string | undefined;
  /** Where the response may lead besides this service: sources of the directive `form-action`. */
  readonly formAction: readonly string[];
  /** The response when the person has met all requirements. */
  complete(session: Session): Promise<HttpResponse>;
  /** The response when the requirements cannot be met. */
  refuse(error: OAuthError): HttpResponse;
}

/** What a person is asked to allow a client. */
export interface ConsentRequest {
  readonly client_id: string;
  readonly access: Access;
  /** The host of the redirect URI; undefined for an app on the device. */
  readonly destination: string | undefined;
  /** Whether the person need not be asked. @param remembered what they have allowed this client before */
  isCovered(remembered: Access | undefined): boolean;
}
