import { Command, Option } from 'commander';
import { type AlgorithmName, algorithmNames } from '../../lib/keys/algorithm.ts';
import { MAX_ENVIRONMENT_BYTES } from '../environment-size.ts';
import { Problem } from '../problem.ts';
import { examples, regionOption } from './command.ts';
import type { Io } from './io.ts';
import { createOutput, fields } from './output.ts';
import { stageName } from './parse.ts';
import { createStageSecret, elided, encryptionJwk, environmentSize } from './stage-secret.ts';
import { UsageProblem } from './usage-problem.ts';

interface InitOptions {
  readonly stage?: string;
  readonly alg: AlgorithmName;
  readonly region?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** `latchkey init`: makes the keys that a stage needs before it is deployed. */
export const initCommand = (io: Io): Command =>
  new Command('init')
    .description(
      'Make the keys of a new stage and store them in Secrets Manager as latchkey/STAGE, where serverless deploy finds them. ' +
        'An existing secret is never changed.',
    )
    .addOption(new Option('--stage <name>', 'stage that will be deployed, such as prod').argParser(stageName))
    .addOption(new Option('--alg <alg>', 'algorithm that signs tokens').choices(algorithmNames).default('ES256'))
    .addOption(regionOption())
    .option('--dry-run', 'show a secret with sample keys, without their private parts, and make nothing')
    .option('--json', 'print one JSON document instead of text')
    .addHelpText(
      'after',
      examples('latchkey init --stage dev --dry-run', 'latchkey init --stage prod --alg RS256 --region eu-west-1'),
    )
    .action(async (_options, command: Command) => init(command.optsWithGlobals<InitOptions>(), io));

async function init({ stage, alg, dryRun, json, ...options }: InitOptions, io: Io): Promise<void> {
  if (stage === undefined) throw new UsageProblem('which stage? Give --stage NAME');
  const out = createOutput(io, json === true);
  const name = `latchkey/${stage}`;
  const secret = createStageSecret(alg);
  const bytes = environmentSize(secret);
  if (bytes > MAX_ENVIRONMENT_BYTES) {
    throw new Problem(
      `with these keys, a function would need ${bytes} bytes for its variables, but it may have ${MAX_ENVIRONMENT_BYTES}: choose another --alg`,
    );
  }

  if (dryRun) {
    const shown = { ...elided(secret) };
    out.result(
      { name, dry_run: true, environment_bytes: bytes, secret: shown },
      `would make the secret ${name} (with it, a function uses up to ${bytes} of its ${MAX_ENVIRONMENT_BYTES} bytes for variables). The keys below are samples:\n` +
        `each run makes new keys.\n\n${fields(shown)}`,
    );
    return;
  }
  const { createSecret } = await import('./create-secret.ts');
  const made = await createSecret(name, secret, io.env, options.region);
  const [key] = (JSON.parse(secret.VERIFICATION_KEYS) as { keys: { kid: string }[] }).keys;
  const result = { name, arn: made.arn, region: made.region, alg, kid: key?.kid };
  const encryption_jwk = encryptionJwk(secret);
  out.result({ ...result, encryption_jwk }, fields({ ...result, encryption_jwk: JSON.stringify(encryption_jwk) }));
  out.note(`
Next:
  npm run build && npx serverless deploy --stage ${stage} --region ${made.region}
  npx latchkey resource create orders --scope "orders:read" --stage ${stage} --region ${made.region}
  npx latchkey client create reports --resource orders --scope "orders:read" --stage ${stage} --region ${made.region}`);
}
