// A plugin of `serverless` that refuses what could not work: parameters, before anything is resolved, because an unknown one would be
// ignored and a wrong one would fail with another message or in the functions, and again when references are resolved; and variables
// that Lambda has no room for, before a deployment.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Packages are made from a copy of this directory alone.
const root = process.env.LATCHKEY_ROOT || fileURLToPath(new URL('../..', import.meta.url));

/** @typedef {typeof import('../parameters.ts') & typeof import('../environment-size.ts')} Checks */

/** Bundles the checks, because `serverless` cannot load TypeScript. @type {() => Promise<Checks>} */
const loadChecks = async () => {
  const { build } = createRequire(join(root, 'package.json'))('esbuild');
  const { outputFiles } = await build({
    stdin: {
      contents: "export * from './parameters.ts'; export * from './environment-size.ts'",
      resolveDir: join(root, 'infra'),
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
};

/** @param {import('./settings-plugin.d.mts').Serverless} serverless */
export default function settingsPlugin(serverless, /** @type {unknown} */ _options, /** @type {any} */ { log }) {
  /** @type {Promise<Checks> | undefined} */
  let loading;
  /** Runs checks, and reports a mistake without a stack trace. */
  const check = async (/** @type {(checks: Checks) => unknown} */ run) => {
    loading ??= loadChecks();
    const checks = await loading;
    try {
      await run(checks);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'Problem') throw error;
      throw new serverless.classes.Error(error.message);
    }
  };

  const checkGiven = () =>
    check(({ checkParameters }) => checkParameters(stageOf(serverless), parametersOf(serverless)));

  return {
    asyncInit: checkGiven,

    hooks: {
      // By then, the references in serverless.yml are resolved.
      'before:package:initialize': checkGiven,
      'before:deploy:deploy': () =>
        check(async ({ checkEnvironmentSizes, secretNames }) => {
          const template = serverless.service.provider.compiledCloudFormationTemplate;
          const aws = serverless.getProvider('aws');
          const secrets = await readSecrets(secretNames(template), await aws.getAwsSdkV3Config(), serverless, log);
          if (secrets) checkEnvironmentSizes(template, secrets, aws.getRegion());
        }),
    },
  };
}

const stageOf = (/** @type {import('./settings-plugin.d.mts').Serverless} */ { processedInput, configurationInput }) =>
  processedInput.options.stage ?? configurationInput.provider?.stage ?? 'dev';

/** A value that CloudFormation computes is not known in any case: it becomes a reference. */
function parametersOf(/** @type {import('./settings-plugin.d.mts').Serverless} */ serverless) {
  const { params = {} } = serverless.configurationInput;
  const given = (serverless.processedInput.options.param ?? []).map((text) => {
    const at = text.indexOf('=');
    return [text.slice(0, at), text.slice(at + 1).trimEnd()];
  });
  const names = given.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new serverless.classes.Error(`parameter ${twice} is given twice`);
  const all = { ...params.default, ...params[stageOf(serverless)], ...Object.fromEntries(given) };
  return Object.fromEntries(
    Object.entries(all)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, typeof value === 'object' ? '$' + '{CloudFormation}' : String(value)]),
  );
}

/** The secrets by name; undefined when they cannot be read, as CloudFormation may still be able to. */
async function readSecrets(
  /** @type {readonly string[]} */ names,
  /** @type {import('@aws-sdk/client-secrets-manager').SecretsManagerClientConfig} */ config,
  /** @type {import('./settings-plugin.d.mts').Serverless} */ serverless,
  /** @type {any} */ log,
) {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient(config);
  try {
    const read = names.map(async (name) => {
      const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId: name }));
      return [name, JSON.parse(SecretString)];
    });
    return Object.fromEntries(await Promise.all(read));
  } catch (error) {
    const { name, message } = /** @type {Error} */ (error);
    if (name === 'ResourceNotFoundException') {
      throw new serverless.classes.Error(`there is no secret ${names.join(', ')}: make it with latchkey init`);
    }
    log.warning(`The size of the variables was not checked, because the secret could not be read: ${message}`);
    return undefined;
  } finally {
    client.destroy();
  }
}
