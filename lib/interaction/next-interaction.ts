import type { Prompt } from '../oauth/prompt.ts';
import type { Session } from '../oauth/session.ts';

/** Each is a page. */
export type Interaction = 'sign_in' | 'select_account' | 'consent';

/** OpenID Connect Core section 3.1.2.1 */
export interface Requirements {
  readonly prompt: ReadonlySet<Prompt>;
  /** Seconds since the person signed in, at most. */
  readonly max_age: number | undefined;
  /** Undefined = any. */
  readonly subjects: readonly unknown[] | undefined;
}

interface Circumstances {
  readonly session: Session | undefined;
  /** Undefined when no consent is needed. */
  readonly hasConsented: boolean | undefined;
  /** For this request. */
  readonly completed: ReadonlySet<Interaction>;
  readonly now: number;
}

/** Undefined when nothing is missing. OpenID Connect Core sections 3.1.2.3 and 3.1.2.4 */
export function nextInteraction(requirements: Requirements, circumstances: Circumstances): Interaction | undefined {
  const { prompt } = requirements;
  const { session, hasConsented, completed, now } = circumstances;
  if (!session) return 'sign_in';
  if (prompt.has('select_account') && !completed.has('select_account')) return 'select_account';
  if (!completed.has('sign_in') && mustSignInAgain(requirements, session, now)) return 'sign_in';
  if (hasConsented === undefined || completed.has('consent')) return undefined;
  return prompt.has('consent') || !hasConsented ? 'consent' : undefined;
}

const mustSignInAgain = (
  { prompt, max_age, subjects }: Requirements,
  { sub, auth_time }: Session,
  now: number,
): boolean =>
  prompt.has('login') ||
  (max_age !== undefined && now - auth_time > max_age) ||
  (subjects !== undefined && !subjects.includes(sub));
