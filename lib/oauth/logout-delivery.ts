/** Of a logout token to one client. It contains no token, because one is issued for each attempt. Times are seconds since the epoch. */
export interface LogoutDelivery {
  readonly sid: string;
  readonly sub: string;
  readonly client_id: string;
  readonly attempts: number;
  readonly due_at: number;
  readonly expires_at: number;
}

/** A client that has deliveries. */
export interface Receiver {
  readonly client_id: string;
  /** When the first of its deliveries is due. */
  readonly due_at: number;
  /** Attempts in a row that it did not accept. */
  readonly failures?: number;
  /** Nothing is sent to it before. */
  readonly paused_until?: number;
  /** Random; each delivery that is added replaces it. */
  readonly revision: string;
}

/** A session that has ended, and whose clients have yet to be found. */
export interface SignOut {
  /** The root. */
  readonly sid: string;
  readonly sub: string;
  readonly ended_at: number;
  readonly expires_at: number;
}

/** Seconds for which delivery is attempted. */
const MAX_AGE = 86_400;

export const createSignOut = (sid: string, sub: string, now: number): SignOut => ({
  sid,
  sub,
  ended_at: now,
  expires_at: now + MAX_AGE,
});

/** @param sid as the client knows it */
export const createDelivery = (
  { sub, ended_at, expires_at }: SignOut,
  sid: string,
  client_id: string,
): LogoutDelivery => ({ sid, sub, client_id, attempts: 0, due_at: ended_at, expires_at });
