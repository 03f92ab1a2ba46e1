/** That a client has to be told of the end of a session. It holds no token: one is made for each attempt. */
export interface LogoutDelivery {
  readonly sid: string;
  readonly sub: string;
  readonly client_id: string;
  readonly attempts: number;
  /** When to try next. */
  readonly due_at: number;
  /** When to give up. */
  readonly expires_at: number;
}

/** Seconds for which a client that does not answer is asked again: a day. */
const PATIENCE = 86_400;
const LONGEST_PAUSE = 3_600;

export const createDelivery = (sid: string, sub: string, client_id: string, now: number): LogoutDelivery => ({
  sid,
  sub,
  client_id,
  attempts: 0,
  due_at: now,
  expires_at: now + PATIENCE,
});

/** One, two, four minutes and so on, up to an hour, after an attempt that began now. */
export const nextAttemptAt = ({ attempts }: LogoutDelivery, now: number): number =>
  now + Math.min(60 * 2 ** attempts, LONGEST_PAUSE);
