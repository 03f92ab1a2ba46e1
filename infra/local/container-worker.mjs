// The worker of one local container: loads a bundle and answers one event after another, like the Node.js runtime of Lambda.
// Plain JavaScript, so that a worker needs no loader and starts within milliseconds.
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

const { bundle, exported } = workerData;

/** @type {((event: unknown, context: object, callback: Function) => unknown) | undefined} */
let handler;

// The runtime loads the code before the first event, and answers that event with any error.
/** @type {object | undefined} */
let initFailure;
try {
  handler = createRequire(bundle)(bundle)[exported];
  if (typeof handler !== 'function') {
    initFailure = { errorType: 'Runtime.HandlerNotFound', errorMessage: `${bundle} exports no function ${exported}` };
  }
} catch (error) {
  initFailure = describe(error);
}

// The answer to an event includes the output of the function, as with `LogType: 'Tail'` of Lambda's Invoke.
let written = '';
for (const stream of [process.stdout, process.stderr]) {
  const write = stream.write.bind(stream);
  stream.write = (/** @type {any[]} */ ...args) => {
    written = `${written}${args[0]}`.slice(-4096);
    return /** @type {Function} */ (write)(...args);
  };
}

/** Describes a thrown value as Lambda does. */
function describe(/** @type {unknown} */ error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}

function run(/** @type {string} */ event, /** @type {object} */ context) {
  return new Promise((resolve, reject) => {
    const callback = (/** @type {unknown} */ error, /** @type {unknown} */ result) =>
      error ? reject(error) : resolve(result);
    const returned = handler?.(JSON.parse(event), context, callback);
    // Only a handler with a third parameter may answer through the callback; any other answers with its return value.
    if (typeof returned?.then === 'function') returned.then(resolve, reject);
    else if ((handler?.length ?? 0) < 3) resolve(returned);
  });
}

parentPort?.on('message', async ({ event, context, deadline }) => {
  if (initFailure) return parentPort?.postMessage({ error: initFailure, broken: true });
  written = '';
  try {
    const result = await run(event, { ...context, getRemainingTimeInMillis: () => deadline - Date.now() });
    parentPort?.postMessage({ payload: JSON.stringify(result) ?? 'null', log: written });
  } catch (error) {
    parentPort?.postMessage({ error: describe(error), log: written });
  }
});
parentPort?.postMessage({ ready: true });
