import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkEnvironment } from './check-environment.ts';
import { openDataDirectory, writePrivately } from './data-directory.ts';
import { startDemoApp } from './demo-app.ts';
import { diskProblem } from './disk-problem.mjs';
import { functionLog } from './function-log.ts';
import { startGateway } from './gateway.ts';
import { type Lambda, startLambda } from './lambda.ts';
import { type LocalKeys, startLocalKeys } from './local-keys.ts';
import type { Options } from './options.ts';
import { packagedTemplate } from './packaged-template.ts';
import { patience, patientTimers } from './patience.ts';
import { Problem } from './problem.ts';
import { startSchedules } from './schedules.ts';
import { encryptionJwks } from './secrets.ts';
import { type Demo, forgetKeys, seed } from './seed.ts';
import type { Stack } from './stack.ts';
import { startTable, type Table } from './table.ts';
import { readTemplate } from './template.ts';
import { systemTimers } from './timers.ts';
import { tour } from './tour.ts';
import { type WatchFunctions, watch } from './watch.ts';

export interface Build {
  /** Under way since before this program was loaded. */
  functions: Promise<unknown>;
  watchFunctions: WatchFunctions;
}

/** Where a local stack runs. */
export interface Surroundings {
  /** The directory that has, or gets, its `.latchkey`. */
  directory: string;
  /** Tells the user something: one line or several. */
  say(text: string): void;
  /** Tells the user what is wrong. */
  complain(text: string): void;
}

const thisProcess: Surroundings = {
  directory: process.cwd(),
  say: (text) => process.stdout.write(`${text}\n`),
  complain: (text) => process.stderr.write(`${text}\n`),
};

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Builds, packages, starts table, functions and gateway, seeds, and says so.
 * @param signal ends what is under way
 * @returns how to end it all
 * @throws Problem for what the user can put right; nothing is left running then
 */
export async function run(
  options: Options,
  build: Build,
  signal: AbortSignal,
  surroundings: Surroundings = thisProcess,
): Promise<() => Promise<void>> {
  const running: (() => Promise<void>)[] = [];
  const stop = async () => {
    await Promise.allSettled(running.map((end) => end()));
  };
  try {
    await start(options, build, signal, running, surroundings);
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: Options,
  build: Build,
  signal: AbortSignal,
  running: (() => Promise<void>)[],
  { directory, say, complain }: Surroundings,
): Promise<void> {
  const timers = patientTimers(systemTimers);
  // The port comes first: it is part of the issuer, and the likeliest thing to be wrong.
  let lambda: Lambda | undefined;
  const gateway = await startGateway({
    port: options.port,
    invoke: (...call) => lambda?.invoke(...call) ?? Promise.reject(new Error('nothing is served yet')),
    timers,
    log: complain,
  });
  running.push(gateway.stop);
  const issuer = `http://localhost:${gateway.port}`;
  const startingApp = startDemoApp(root, options.port === 0 ? 0 : options.port + 1);
  running.push(async () => (await startingApp).stop());
  const data = options.data === undefined ? undefined : openDataDirectory(resolve(options.data));
  const saved = data?.load();
  const keys = await startLocalKeys(options.keys, saved);
  running.push(keys.stop);
  const logLevel = options.logLevel === undefined ? {} : { LOG_LEVEL: options.logLevel };

  const readStack = async () => {
    const stack = readTemplate(await packagedTemplate(root, issuer, signal, keys.parameters), keys.secrets);
    checkEnvironment(stack, logLevel);
    return stack;
  };
  const reading = readStack();
  const opening = reading.then((stack) => openTable(stack, data?.table));
  running.push(async () => (await opening).stop());
  const seeding = Promise.all([opening, startingApp]).then(async ([table, { origin }]) => {
    if (saved && saved.issuer !== issuer) await forgetKeys(table);
    return seed(table, encryptionJwks(keys.secrets), origin, saved?.demo);
  });
  const loading = Promise.all([reading, opening, buildFinished(build)]).then(async ([stack, { endpoint }]) => {
    const environment = { AWS_ENDPOINT_URL_DYNAMODB: endpoint, ...keys.environment, ...localEnvironment, ...logLevel };
    const log = functionLog(options.verbose, complain);
    const functions = startLambda(stack, { root, environment, timers, log });
    running.push(functions.stop);
    await warm(functions, stack);
    return functions;
  });
  const [first, table, app, demo, functions] = await Promise.all([reading, opening, startingApp, seeding, loading]);

  signal.throwIfAborted();
  let stack = first;
  lambda = functions;
  gateway.serve(stack);
  const stopSchedules = startSchedules(() => stack, functions.invoke, complain);
  running.push(async () => stopSchedules());
  app.serve(issuer, demo);
  data?.save({ ...saved, ...keys.save(), issuer, demo });
  writeDemo(directory, issuer, app.origin, demo, table, keys);
  if (options.watch) {
    await watch(root, build.watchFunctions, signal, {
      async code() {
        functions.replace();
        await warm(functions, stack);
        say('built anew');
      },
      async template() {
        stack = await readStack();
        functions.replace(stack);
        gateway.serve(stack);
        say('packaged anew');
      },
      failed: (error) => complain(error instanceof Problem ? error.message : String(error)),
    });
  }
  say(tour(issuer, app.origin, demo));
  say(`ready ${issuer} (${Math.round(performance.now())} ms)`);
}

const localEnvironment = {
  LOCAL_PATIENCE: String(patience),
  // The functions run on the Node version of this machine, and the SDK's opinion of it is no news to whoever calls them.
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

// esbuild itself has shown where and why.
async function buildFinished({ functions }: Build): Promise<void> {
  try {
    await functions;
  } catch (error) {
    if (diskProblem(error)) throw error;
    throw new Problem(`the build failed: ${(error as Error).message.split('\n')[1] ?? error}`);
  }
}

function openTable({ table }: Stack, path: string | undefined): Promise<Table> {
  if (!table) throw new Problem('serverless.yml: there is no AWS::DynamoDB::Table');
  return startTable({ ...table, ...(path !== undefined && { path }) });
}

// What the first request of the tour would wait for. The other functions start when they are called.
async function warm(lambda: Lambda, { routes }: Stack): Promise<void> {
  const token = routes.find(({ key }) => key.endsWith(' /token'))?.function;
  const authorizers = routes.map(({ authorizer }) => authorizer?.function);
  const names = new Set([token, ...authorizers].filter((name) => name !== undefined));
  await Promise.all([...names].map((name) => lambda.warm(name)));
}

// For tests and for the admin CLI. Beside the project's own files, wherever it was started.
function writeDemo(
  directory: string,
  issuer: string,
  app: string,
  demo: Demo,
  { endpoint, tableName: name }: Table,
  { kms }: LocalKeys,
): void {
  const own = join(directory, '.latchkey');
  mkdirSync(own, { recursive: true });
  writePrivately(join(own, 'demo.json'), { issuer, app, ...demo, table: { endpoint, name }, ...(kms && { kms }) });
}
