import { inParallel } from '../in-parallel.ts';
import { describeFault } from '../log.ts';
import { mayBeOld, rootOf, type Session } from '../oauth/session.ts';
import { MalformedItem } from '../store/items.ts';
import type { SessionStore } from '../store/session.ts';
import type { EndSessionContext } from './end-session.ts';
import { revokeGrant } from './revoke-grant.ts';

// Grants of version 0.1.0 do not name their session, so each is revoked by itself. A session has no more of them than it had at
// the upgrade.

const CONCURRENCY = 20;

export async function endOldGrants(root_sid: string, context: EndSessionContext): Promise<void> {
  const grants = await context.sessions.oldGrants(root_sid);
  await inParallel(grants, CONCURRENCY, async ({ client_id, grant_id }) => {
    if (await endsWithSession(client_id, context)) await revokeGrant(grant_id, context);
  });
}

/** Also those of a client whose record is malformed. Otherwise nobody could sign out until somebody has mended it. */
async function endsWithSession(client_id: string, { findClient, log }: EndSessionContext): Promise<boolean> {
  try {
    return (await findClient(client_id))?.end_grants_on_logout === true;
  } catch (error) {
    if (!(error instanceof MalformedItem)) throw error;
    log.error('grant ended with its session', { client_id, ...describeFault(error) });
    return true;
  }
}

/** As long as the session that replaces theirs. */
export async function keepOldGrants(old: Session, expires_at: number, sessions: SessionStore): Promise<void> {
  if (!mayBeOld(old)) return;
  const root = rootOf(old);
  await inParallel(await sessions.oldGrants(root), CONCURRENCY, (grant) =>
    sessions.putOldGrant(root, { ...grant, expires_at }),
  );
}
