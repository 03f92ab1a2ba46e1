import type { Client } from '../oauth/client.ts';
import { createDelivery } from '../oauth/logout-delivery.ts';
import type { Session } from '../oauth/session.ts';
import type { LogoutDeliveryStore } from '../store/logout-delivery.ts';
import type { SessionStore } from '../store/session.ts';
import { type GrantRevocationContext, revokeGrant } from './revoke-grant.ts';

export interface EndSessionContext extends GrantRevocationContext {
  readonly sessions: SessionStore;
  readonly deliveries: LogoutDeliveryStore;
  findClient(client_id: string): Promise<Client | undefined>;
}

/** The session is removed last, so that after a fault the person can sign out again and everything is repeated. */
export async function endSession({ sid, sub }: Session, context: EndSessionContext): Promise<void> {
  const grants = await context.sessions.grants(sid);
  const now = context.clock();
  const endFor = async (client_id: string) => {
    const client = await context.findClient(client_id);
    const given = grants.filter((grant) => grant.client_id === client_id);
    if (client?.backchannel_logout_uri !== undefined) {
      const names = [...new Set(given.map((grant) => grant.sid))];
      await Promise.all(names.map((name) => context.deliveries.add(createDelivery(name, sub, client_id, now))));
    }
    if (client?.end_grants_on_logout) await Promise.all(given.map(({ grant_id }) => revokeGrant(grant_id, context)));
  };
  await Promise.all([...new Set(grants.map(({ client_id }) => client_id))].map(endFor));
  await context.sessions.remove(sid);
}
