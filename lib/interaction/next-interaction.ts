import type { Prompt } from '../oauth/prompt.ts';
import type { Session } from '../oauth/session.ts';

/** What a person can be asked to do. Each is a page. */
export type Interaction = 'sign_in' | 'select_account' | 'consent';

/** Who may continue, and what the person is asked in any case. OpenID Connect Core section 3.1.2.1 */
export interface Requirements {
  readonly prompt: ReadonlySet<Prompt>;
  /** The longest time since the person signed in, in seconds. */
  readonly max_age: number | undefined;
  /** The acceptable subjects; undefined = any. */
  readonly subjects: readonly unknown[] | undefined;
}

interface Circumstances {
  readonly session: Session | undefined;
  /** Whether the person has given the consent before; undefined when no consent is needed. */
  readonly hasConsented: boolean | undefined;
  /** What the person has already done for this request. */
  readonly completed: ReadonlySet<Interaction>;
  /** Seconds since the epoch. */
  readonly now: number;
}

/**
 * What the person is asked to do next. OpenID Connect Core sections 3.1.2.3 and 3.1.2.4
 * @returns undefined when nothing is missing
 */
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
