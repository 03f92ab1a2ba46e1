// Preloaded into a process that is to wait longer for its table: the embedded one takes as many seconds for some hundred
// requests at once as DynamoDB takes hundredths. Only how long an answer is waited for is stretched; the clock is not.
const FACTOR = 30;
const LEAST_MS = 500;

const stretch = (/** @type {number} */ delay) => (delay >= LEAST_MS ? delay * FACTOR : delay);

const { setTimeout } = globalThis;
globalThis.setTimeout = Object.assign(
  (/** @type {() => void} */ callback, delay = 0, /** @type {unknown[]} */ ...args) =>
    setTimeout(callback, stretch(delay), ...args),
  setTimeout,
);
const timeout = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (delay) => timeout(stretch(delay));
