import type { HttpResponse } from '../http/message.ts';
import type { Access } from '../oauth/consent.ts';
import type { OAuthError } from '../oauth/errors.ts';
import type { Session } from '../oauth/session.ts';
import type { Requirements } from './next-interaction.ts';

/** Made by the endpoint that opens the visit; the pages know nothing else about it. */
export interface Continuation {
  /** Forms from pages of another endpoint are refused. */
  readonly endpoint: string;
  /** Carried from page to page, so nothing is stored before the person has signed in. */
  readonly query: string;
  readonly requirements: Requirements;
  /** Absent = no consent is needed. */
  readonly consent?: ConsentRequest;
  /** The username to fill in. OpenID Connect Core section 3.1.2.1 */
  readonly login_hint: string | undefined;
  /** @param consented_at when the person gave the consent; undefined = there is none */
  complete(session: Session, consented_at: number | undefined): Promise<HttpResponse>;
  refuse(error: OAuthError): HttpResponse;
}

export interface ConsentRequest {
  readonly client_id: string;
  readonly access: Access;
  /** Undefined for an app on the device. */
  readonly destination: string | undefined;
  /** @param remembered what the person has allowed this client before */
  isCovered(remembered: Access | undefined): boolean;
}
