/** It contains no token, because one is issued for each attempt. */
export interface LogoutDelivery {
  readonly sid: string;
  readonly sub: string;
  readonly client_id: string;
  readonly attempts: number;
  readonly due_at: number;
  readonly expires_at: number;
}

const MAX_AGE = 86_400;

export const createDelivery = (sid: string, sub: string, client_id: string, now: number): LogoutDelivery => ({
  sid,
  sub,
  client_id,
  attempts: 0,
  due_at: now,
  expires_at: now + MAX_AGE,
});
