import type { HttpResponse } from '../http/message.ts';
import type { Access } from '../oauth/consent.ts';
import type { OAuthError } from '../oauth/errors.ts';
import type { Session } from '../oauth/session.ts';
import type { Requirements } from './next-interaction.ts';

/**
 * What follows once a person has signed in: the reason why an endpoint opens a visit. The endpoint decides what the person
 * must have done before, and gives the answer; the pages in between know nothing else about it.
 */
export interface Continuation {
  /** The endpoint's name. A form that was shown by another endpoint is refused. */
  readonly endpoint: string;
  /** The request as a query. It is carried from page to page, so that nothing is stored before somebody has signed in. */
  readonly query: string;
  readonly requirements: Requirements;
  /** Absent = the person has nothing to allow. */
  readonly consent?: ConsentRequest;
  /** The user name to propose. OpenID Connect Core section 3.1.2.1 */
  readonly login_hint: string | undefined;
  /** Where the answer may lead beside this service: sources of a Content Security Policy, for `form-action`. */
  readonly formAction: readonly string[];
  /** Answers for the person who has signed in, and has allowed what was asked. */
  complete(session: Session): Promise<HttpResponse>;
  /** Answers when nothing can follow. */
  refuse(error: OAuthError): HttpResponse;
}

/** What a person is asked to allow a client. */
export interface ConsentRequest {
  readonly client_id: string;
  readonly access: Access;
  /** The host that the person goes on to; undefined for an app on the device. */
  readonly destination: string | undefined;
  /** @param remembered what the person has allowed this client before */
  isCovered(remembered: Access | undefined): boolean;
}
