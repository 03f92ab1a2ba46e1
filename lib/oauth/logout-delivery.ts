/** A logout token that is to be delivered to a client. It contains no token, because one is issued for each attempt. */
export interface LogoutDelivery {
  readonly sid: string;
  readonly sub: string;
  readonly client_id: string;
  readonly attempts: number;
  /** The time of the next attempt, in seconds since the epoch. */
  readonly due_at: number;
  /** When to give up, in seconds since the epoch. */
  readonly expires_at: number;
}

/** Seconds after which a delivery is given up: a day. */
const MAX_AGE = 86_400;
const MAX_PAUSE = 3_600;

export const createDelivery = (sid: string, sub: string, client_id: string, now: number): LogoutDelivery => ({
  sid,
  sub,
  client_id,
  attempts: 0,
  due_at: now,
  expires_at: now + MAX_AGE,
});

/** When to try again if an attempt that begins now fails: after one, two, four minutes and so on, up to an hour. */
export const nextAttemptAt = ({ attempts }: LogoutDelivery, now: number): number =>
  now + Math.min(60 * 2 ** attempts, MAX_PAUSE);
