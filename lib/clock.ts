/** The time in whole seconds since the epoch. Injected wherever time is compared, so that tests can drive it. */
export type Clock = () => number;

export const systemClock: Clock = () => Math.floor(Date.now() / 1000);
