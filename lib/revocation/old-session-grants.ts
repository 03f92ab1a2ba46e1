import { inParallel } from '../in-parallel.ts';
import { mayBeOld, rootOf, type Session } from '../oauth/session.ts';
import type { SessionStore } from '../store/session.ts';
import type { EndSessionContext } from './end-session.ts';
import { revokeGrant } from './revoke-grant.ts';

// Grants of version 0.1.0 do not name their session, so each is revoked by itself. A session has no more of them than it had at
// the upgrade.

const CONCURRENCY = 20;

export async function endOldGrants(root_sid: string, context: EndSessionContext): Promise<void> {
  const grants = await context.sessions.oldGrants(root_sid);
  await inParallel(grants, CONCURRENCY, async ({ client_id, grant_id }) => {
    const client = await context.findClient(client_id);
    if (client?.end_grants_on_logout) await revokeGrant(grant_id, context);
  });
}

/** As long as the session that replaces theirs. */
export async function keepOldGrants(old: Session, expires_at: number, sessions: SessionStore): Promise<void> {
  if (!mayBeOld(old)) return;
  const root = rootOf(old);
  await inParallel(await sessions.oldGrants(root), CONCURRENCY, (grant) =>
    sessions.putOldGrant(root, { ...grant, expires_at }),
  );
}
