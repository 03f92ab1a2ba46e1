import { Command, Option } from 'commander';
import type { AlgorithmName } from '../../lib/keys/algorithm.ts';
import { demoApis } from '../demo-apis.ts';
import { MAX_ENVIRONMENT_BYTES } from '../environment-size.ts';
import { Problem } from '../problem.ts';
import { DEFAULT_ALGORITHMS } from '../signing-key.ts';
import { examples, regionOption } from './command.ts';
import type { Io } from './io.ts';
import { createOutput, fields, type Output } from './output.ts';
import { signingAlgs, stageName } from './parse.ts';
import { createStageSecret, elided, encryptionJwk, environmentSize, type StageSecret } from './stage-secret.ts';
import { UsageProblem } from './usage-problem.ts';

interface InitOptions {
  readonly stage?: string;
  readonly alg?: readonly AlgorithmName[];
  readonly region?: string;
  readonly dryRun?: true;
  readonly upgrade?: true;
  readonly json?: true;
}

/** `latchkey init`: makes the keys that a stage needs before it is deployed. */
export const initCommand = (io: Io): Command =>
  new Command('init')
    .description(
      'Make the keys of a new stage and store them in Secrets Manager as latchkey/STAGE, where serverless deploy finds them. ' +
        'An existing secret is never changed, except that --upgrade adds what a secret of version 0.1.0 lacks.',
    )
    .addOption(new Option('--stage <name>', 'stage that will be deployed, such as prod').argParser(stageName))
    .option(
      '--alg <alg>',
      `algorithm to make a signing key for; repeatable: the first signs access tokens, RS256 ID tokens (default: ${DEFAULT_ALGORITHMS.join(' and ')})`,
      signingAlgs,
    )
    .addOption(regionOption())
    .option('--upgrade', 'add the keys that a secret of version 0.1.0 lacks, and leave the others as they are')
    .option('--dry-run', 'show a secret with sample keys, without their private parts, and make nothing')
    .option('--json', 'print one JSON document instead of text')
    .addHelpText(
      'after',
      examples(
        'latchkey init --stage dev --dry-run',
        'latchkey init --stage prod --alg PS256 --alg RS256 --region eu-west-1',
      ),
    )
    .action(async (_options, command: Command) => init(command.optsWithGlobals<InitOptions>(), io));

async function init(options: InitOptions, io: Io): Promise<void> {
  const { stage, alg: algs = DEFAULT_ALGORITHMS, dryRun } = options;
  if (stage === undefined) throw new UsageProblem('which stage? Give --stage NAME');
  const out = createOutput(io, options.json === true);
  const name = `latchkey/${stage}`;
  if (options.upgrade) return upgrade(name, { ...options, stage }, io, out);
  const secret = createStageSecret(algs);
  const bytes = environmentSize(secret);
  requireRoom(bytes, 'choose another --alg');

  if (dryRun) {
    const shown = { ...elided(secret) };
    out.result(
      { name, dry_run: true, environment_bytes: bytes, secret: shown },
      `would make the secret ${name} (with it, a function uses up to ${bytes} of its ${MAX_ENVIRONMENT_BYTES} bytes for variables). The keys below are samples:\n` +
        `each run makes new keys.\n\n${fields(shown)}`,
    );
    return;
  }
  const { createSecret } = await import('./stored-secret.ts');
  const made = await createSecret(name, secret, io.env, options.region);
  const { keys } = JSON.parse(secret.VERIFICATION_KEYS) as { keys: { kid: string; alg: string }[] };
  const signing_keys = keys.map(({ kid, alg }) => ({ kid, alg }));
  const result = { name, arn: made.arn, region: made.region, ...signing_keys[0] };
  const encryption_jwk = encryptionJwk(secret);
  out.result(
    { ...result, signing_keys, encryption_jwk },
    fields({
      ...result,
      signing_keys: signing_keys.map(({ kid, alg }) => `${kid} (${alg})`),
      encryption_jwk: JSON.stringify(encryption_jwk),
    }),
  );
  out.note(`
Next:
  npm run build && npx serverless deploy --stage ${stage} --region ${made.region}
  npx latchkey resource create ${demoApis.orders} --scope "orders:read" --stage ${stage} --region ${made.region}
  npx latchkey client create reports --resource ${demoApis.orders} --scope "orders:read" --stage ${stage} --region ${made.region}`);
}

/** Adds keys to the secret of a stage that was deployed by version 0.1.0. */
async function upgrade(
  name: string,
  {
    stage,
    region: chosen,
    dryRun = false,
  }: Omit<InitOptions, 'dryRun'> & { readonly stage: string; readonly dryRun?: boolean },
  io: Io,
  out: Output,
): Promise<void> {
  const { completeSecret } = await import('./stored-secret.ts');
  const check = (secret: StageSecret) =>
    requireRoom(environmentSize(secret), 'remove keys that are no longer used from the secret first');
  const { added, region } = await completeSecret(name, { dryRun, check }, io.env, chosen);
  const result = { name, region, ...(dryRun && { dry_run: true }), added };
  if (added.length === 0) return out.result(result, `the secret ${name} lacks nothing`);
  if (dryRun) return out.result(result, `would add ${added.join(', ')} to the secret ${name}`);
  out.result(result, `added ${added.join(', ')} to the secret ${name}`);
  out.note(`
Next, with a number for secrets-version that the stage was not deployed with:
  npm run build && npx serverless deploy --stage ${stage} --region ${region} --param previous-handle-keys=on --param secrets-version=N
7 days later, deploy without previous-handle-keys, and remove HANDLE_KEYS from the secret. With lifetimes of your own, wait for the longest
of refresh-token-idle-lifetime, session-lifetime and token-max-lifetime, also those of clients: sooner, users have to sign in again.`);
}

function requireRoom(bytes: number, remedy: string): void {
  if (bytes <= MAX_ENVIRONMENT_BYTES) return;
  throw new Problem(
    `with these keys, a function would need ${bytes} bytes for its variables, but it may have ${MAX_ENVIRONMENT_BYTES}: ${remedy}`,
  );
}
