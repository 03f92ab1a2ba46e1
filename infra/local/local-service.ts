import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isSameResource } from '../../lib/oauth/resource-indicator.ts';
import { keyOfSchema, NewerSchema, requireKnownSchema } from '../../lib/store/schema.ts';
import { demoApis } from '../demo-apis.ts';
import { checkParameters } from '../parameters.ts';
import { Problem } from '../problem.ts';
import { announce } from './announcement.ts';
import { checkFunctionVariables } from './check-function-variables.ts';
import { commandLineSettings } from './command-line-settings.ts';
import { openDataDirectory } from './data-directory.ts';
import { startDemoApp } from './demo-app.ts';
import { diskProblem } from './disk-problem.mjs';
import { functionLog, withoutRepeats } from './function-log.ts';
import { startGateway } from './gateway.ts';
import { type Lambda, startLambda } from './lambda.ts';
import { describeKeyChange, keyParameters, startLocalKeys } from './local-keys.ts';
import { manageKeys } from './manage-keys.ts';
import type { Options } from './options.ts';
import { packagedTemplate } from './packaged-template.ts';
import { patience, patientTimers } from './patience.ts';
import { startSchedules } from './schedules.ts';
import { encryptionJwks } from './secrets.ts';
import { forgetKeys, identifiersOf, seed } from './seed.ts';
import { createSeedTable } from './seed-table.ts';
import type { Stack } from './stack.ts';
import { type StartPage, startPage } from './start-page.ts';
import { startTable, type Table } from './table.ts';
import { readTemplate } from './template.ts';
import { systemTimers } from './timers.ts';
import { tour } from './tour.ts';
import { addUpstreamRoutes } from './upstream.ts';
import { type WatchFunctions, watch } from './watch.ts';

export interface Build {
  /** The build of the functions, which began before this program was loaded. */
  functions: Promise<unknown>;
  watchFunctions: WatchFunctions;
}

/** The directory of a local stack, and its output. */
export interface Surroundings {
  /** The directory that contains `.latchkey`. */
  directory: string;
  /** Prints one or more lines. */
  say(text: string): void;
  /** Prints an error. */
  complain(text: string): void;
}

const thisProcess: Surroundings = {
  directory: process.cwd(),
  say: (text) => process.stdout.write(`${text}\n`),
  complain: (text) => process.stderr.write(`${text}\n`),
};

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Builds and packages the stack, starts table, functions and gateway, seeds the table, and prints the tour.
 * @param signal aborts the start
 * @returns a function that stops everything
 * @throws Problem for a mistake that the user can correct; everything is stopped then
 */
export async function run(
  options: Options,
  build: Build,
  signal: AbortSignal,
  surroundings: Surroundings = thisProcess,
): Promise<() => Promise<void>> {
  const running: (() => Promise<void>)[] = [];
  const stop = async () => {
    // In reverse order: later parts depend on earlier ones.
    for (const end of running.toReversed()) await end().catch(() => {});
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
  const { routes = [], parameters = {} } = options;
  const timers = patientTimers(systemTimers);
  const complainOfJob = options.verbose ? complain : withoutRepeats(complain);
  // Before anything is made, or deleted because of --fresh.
  checkParameters('local', { ...parameters, ...keyParameters[options.keys] });
  // The port comes first: it is part of the issuer, and the most likely thing to fail.
  let lambda: Lambda | undefined;
  const gateway = await startGateway({
    port: options.port,
    invoke: (...call) => lambda?.invoke(...call) ?? Promise.reject(new Error('the functions are not running yet')),
    timers,
    log: complain,
    refused: say,
  });
  running.push(gateway.stop);
  const url = `http://localhost:${gateway.port}`;
  const issuer = options.issuer ?? url;
  if (isSameResource(options.audience ?? demoApis.orders, issuer))
    throw new Problem('--audience must not be the issuer, for which any client may get tokens');
  const startingApp = startDemoApp(root, options.port === 0 ? 0 : options.port + 1);
  running.push(async () => (await startingApp).stop());
  const dataPath = options.data ?? (options.port === 0 ? undefined : join('.latchkey/data', String(options.port)));
  const data =
    dataPath === undefined ? undefined : await openDataDirectory(resolve(directory, dataPath), options.fresh);
  const saved = data?.load();
  const apis = identifiersOf(saved, options.audience);
  const audience = options.audience ?? apis.orders;
  const keys = await startLocalKeys(options.keys, saved);
  running.push(keys.stop);
  const overridden = {
    ...(audience !== demoApis.orders && { AUDIENCE: audience }),
    ...(options.logLevel !== undefined && { LOG_LEVEL: options.logLevel }),
  };

  const readStack = async () => {
    const template = await packagedTemplate(root, issuer, signal, { ...parameters, ...keys.parameters });
    const stack = readTemplate(template, keys.secrets);
    checkFunctionVariables(stack, overridden);
    return addUpstreamRoutes(stack, routes);
  };
  const reading = readStack();
  const opening = reading.then((stack) => openTable(stack, data?.table));
  running.push(async () => (await opening).stop());
  const seeding = Promise.all([opening, startingApp]).then(async ([table, { origin }]) => {
    if (data) await refuseNewerTable(table, data.path);
    if (saved && saved.issuer !== issuer) await forgetKeys(table);
    return seed(table, { encryptionJwks: encryptionJwks(keys.secrets), app: origin, apis, audience }, saved);
  });
  const loading = Promise.all([reading, opening, buildFinished(build)]).then(async ([stack, { endpoint }]) => {
    const environment = {
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      ...keys.environment,
      ...localEnvironment,
      ...overridden,
    };
    const jobs = new Set(stack.schedules.map((id) => stack.functions.get(id)?.name));
    const [logRequest, logJob] = [complain, complainOfJob].map((write) => functionLog(options.verbose, write));
    const log = (name: string, text: string) => (jobs.has(name) ? logJob : logRequest)?.(name, text);
    const functions = startLambda(stack, { root, environment, timers, log });
    running.push(functions.stop);
    await warm(functions, stack);
    return functions;
  });
  const [first, table, app, demo, functions] = await Promise.all([reading, opening, startingApp, seeding, loading]);

  signal.throwIfAborted();
  await manageKeys(first, functions, table, issuer, keys, complain);
  let stack = first;
  lambda = functions;
  const file = join(directory, '.latchkey', `${gateway.port}.json`);
  const serve = () => gateway.serve(withPage(stack, { issuer, app: app.origin, audience, demo, file }));
  serve();
  const stopSchedules = startSchedules(() => stack, functions.invoke, complainOfJob);
  running.push(async () => stopSchedules());
  app.serve(issuer, demo);
  data?.save({ ...saved, ...keys.save(), origin: options.keys, issuer, app: app.origin, audience, demo });
  const { endpoint, tableName: name } = table;
  const content = {
    issuer,
    url,
    app: app.origin,
    ...demo,
    table: { endpoint, name },
    seals: [...stack.functions.values()].some(({ environment }) => environment['SEALING_KEYS']),
    settings: commandLineSettings(stack.functions.values(), await keys.handleKeys(issuer)),
    ...(keys.kms && { kms: keys.kms }),
    registry: keys.registry,
  };
  const withdraw = await announce(directory, gateway.port, content);
  running.push(withdraw);
  if (options.watch) {
    await watch(root, build.watchFunctions, signal, {
      async code() {
        functions.replace();
        await warm(functions, stack);
        say('rebuilt the functions');
      },
      async template() {
        stack = await readStack();
        functions.replace(stack);
        serve();
        say('packaged the stack again');
      },
      failed: (error) => complain(error instanceof Problem ? error.message : String(error)),
    });
  }
  say(tour({ issuer, app: app.origin, audience, routes, demo }));
  if (issuer !== url) say(`# let the proxy for ${issuer} forward requests to ${url}\n`);
  if (saved?.origin && saved.origin !== options.keys) say(describeKeyChange(saved.origin, options.keys));
  say(`ready ${issuer} (${Math.round(performance.now())} ms)`);
}

/** Adds the start page at `GET /`, unless a `--route` of the user has that path. */
function withPage(stack: Stack, page: StartPage): Stack {
  const key = 'GET /';
  if (stack.routes.some((route) => route.key === key || route.key === 'ANY /')) return stack;
  return { ...stack, routes: [...stack.routes, { key, page: startPage(stack, page) }] };
}

const localEnvironment = {
  LOCAL_PATIENCE: String(patience),
  // Otherwise each function would log when the AWS SDK will drop support for the Node.js version of this machine.
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
};

// esbuild has already printed the details.
async function buildFinished({ functions }: Build): Promise<void> {
  try {
    await functions;
  } catch (error) {
    if (diskProblem(error)) throw error;
    throw new Problem(`the build failed: ${(error as Error).message.split('\n')[1] ?? error}`);
  }
}

function openTable({ table }: Stack, path: string | undefined): Promise<Table> {
  if (!table) throw new Problem('serverless.yml has no AWS::DynamoDB::Table: add one');
  return startTable({ ...table, ...(path !== undefined && { path }) });
}

/** Checks before anything is written to the table. */
async function refuseNewerTable({ endpoint, tableName }: Table, path: string): Promise<void> {
  try {
    requireKnownSchema(await createSeedTable(endpoint, tableName).get(keyOfSchema));
  } catch (error) {
    if (!(error instanceof NewerSchema)) throw error;
    throw new Problem(`--data ${path}: ${error.message}, choose another --data, or start over with --fresh`);
  }
}

// Starts the functions that the tour calls first. The others start on demand.
async function warm(lambda: Lambda, { routes }: Stack): Promise<void> {
  const token = routes.find(({ key }) => key.endsWith(' /token'));
  const authorizers = routes.map(({ authorizer }) => authorizer?.function);
  const names = new Set(
    [token && 'function' in token ? token.function : undefined, ...authorizers].filter((name) => name !== undefined),
  );
  await Promise.all([...names].map((name) => lambda.warm(name)));
}
