import type { Form } from '../http/form.ts';
import type { Client } from '../oauth/client.ts';
import type { Grant } from '../oauth/grant.ts';
import type { ResourceServer } from '../oauth/resource-server.ts';

/** All that a grant type may touch. */
export interface GrantContext {
  findResourceServer(identifier: string): Promise<ResourceServer | undefined>;
}

/** A value of `grant_type`, and how a grant is obtained with it. It returns a grant, never an answer. */
export interface GrantType {
  readonly name: string;
  /** @throws OAuthError by RFC 6749 section 5.2, having changed nothing */
  obtain(form: Form, client: Client, context: GrantContext): Promise<Grant>;
}
