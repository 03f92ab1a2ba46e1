export interface AttemptLimit {
  readonly freeAttempts: number;
  /** Seconds. After the free attempts the delay doubles: 1, 2, 4 seconds and so on, up to this. */
  readonly maxDelay: number;
  /** A network only gets its attempt back: otherwise a guesser could reset it by being right in between, with something else. */
  readonly afterSuccess: 'reset' | 'refund';
}

/** How often something may be guessed, by what is counted. */
export const attemptLimits = {
  /** Whoever knows a username can delay its owner, so the delay stays short. */
  account: { freeAttempts: 3, maxDelay: 300, afterSuccess: 'reset' },
  /** Of a browser in which the owner of the account signed in before, so that strangers who guess cannot delay the owner there. */
  device: { freeAttempts: 3, maxDelay: 300, afterSuccess: 'reset' },
  /** Many people can share one address. */
  address: { freeAttempts: 50, maxDelay: 60, afterSuccess: 'refund' },
  /** An IPv6 network of 56 bits, as households and offices get. */
  site: { freeAttempts: 100, maxDelay: 60, afterSuccess: 'refund' },
  /** An IPv6 network of 48 bits: the largest that one customer gets, and in mobile networks many customers. */
  provider: { freeAttempts: 500, maxDelay: 30, afterSuccess: 'refund' },
  /** Passwords that one client passes on, from however many addresses: only as much as keeps it from being a tool to guess with. */
  client: { freeAttempts: 100, maxDelay: 10, afterSuccess: 'refund' },
  /** A chosen secret of a client or resource server. */
  secret: { freeAttempts: 10, maxDelay: 300, afterSuccess: 'refund' },
} as const satisfies Record<string, AttemptLimit>;

export type Counted = keyof typeof attemptLimits;

/** Seconds without an attempt; the count then starts again from zero. */
export const FORGET_AFTER = 3_600;

/** So many requests that change one counter at once do not come from a person, and are delayed. */
export const MAX_WRITES = 5;
