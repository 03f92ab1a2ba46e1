import type { Prompt } from './prompt.ts';
import type { Session } from './session.ts';

/** What a user can be asked for before a client gets its answer. */
export type Interaction = 'sign_in' | 'select_account' | 'consent';

export interface Circumstances {
  readonly prompt: ReadonlySet<Prompt>;
  /** Seconds. */
  readonly max_age: number | undefined;
  /** Those that the client means; absent = anybody. */
  readonly subjects: readonly unknown[] | undefined;
  readonly session: Session | undefined;
  /** Whether all that is asked for was allowed before. */
  readonly isConsented: boolean;
  /** What the user has done about this very request. */
  readonly done: ReadonlySet<Interaction>;
  readonly now: number;
}

/** What has to come next; nothing when the client can be answered. OpenID Connect Core sections 3.1.2.3 and 3.1.2.4 */
export function nextInteraction(circumstances: Circumstances): Interaction | undefined {
  const { prompt, session, isConsented, done } = circumstances;
  if (!session) return 'sign_in';
  if (prompt.has('select_account') && !done.has('select_account')) return 'select_account';
  if (!done.has('sign_in') && mustSignInAgain(circumstances, session)) return 'sign_in';
  if (!done.has('consent') && (prompt.has('consent') || !isConsented)) return 'consent';
  return undefined;
}

const mustSignInAgain = ({ prompt, max_age, subjects, now }: Circumstances, { sub, auth_time }: Session): boolean =>
  prompt.has('login') ||
  (max_age !== undefined && now - auth_time > max_age) ||
  (subjects !== undefined && !subjects.includes(sub));
