/** The beginning of a sort key: ten digits, so that texts sort by time until the year 2286. */
export const timeKey = (time: number): string => String(Math.max(0, time)).padStart(10, '0');

/** After every sort key that begins with a time and continues with an id: ids are base64url. */
export const afterTime = (time: number): string => `${timeKey(time)}~`;

/** Before every sort key that begins with a time. */
export const START_OF_TIME = timeKey(0);

/** After every sort key that begins with a time or an identifier: both are ASCII, and an identifier may begin with `~`. */
export const END_OF_KEYS = '\x7f';
