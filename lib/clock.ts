/** The time in whole seconds since the epoch. Injected wherever times are compared, so that tests can set it. */
export type Clock = () => number;

export const systemClock: Clock = () => Math.floor(Date.now() / 1000);
