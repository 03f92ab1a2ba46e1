import type { Client } from '../oauth/client.ts';
import { createSignOut } from '../oauth/logout-delivery.ts';
import type { Session } from '../oauth/session.ts';
import type { SessionStore } from '../store/session.ts';
import type { SignOutStore } from '../store/sign-out.ts';
import { type GrantRevocationContext, revokeGrant } from './revoke-grant.ts';

export interface EndSessionContext extends GrantRevocationContext {
  readonly sessions: SessionStore;
  readonly signOuts: SignOutStore;
  findClient(client_id: string): Promise<Client | undefined>;
}

/** The session is removed last, so that after a fault the person can sign out again and everything is repeated. */
export async function endSession({ sid, sub }: Session, context: EndSessionContext): Promise<void> {
  const grants = await context.sessions.grants(sid);
  const clients = await Promise.all([...new Set(grants.map(({ client_id }) => client_id))].map(context.findClient));
  const hasListener = clients.some((client) => client?.backchannel_logout_uri !== undefined);
  if (hasListener) await context.signOuts.add(createSignOut(sid, sub, context.clock()));
  const endFor = async (client_id: string) => {
    const client = await context.findClient(client_id);
    const given = grants.filter((grant) => grant.client_id === client_id);
    if (client?.end_grants_on_logout) await Promise.all(given.map(({ grant_id }) => revokeGrant(grant_id, context)));
  };
  await Promise.all([...new Set(grants.map(({ client_id }) => client_id))].map(endFor));
  await context.sessions.remove(sid);
}
