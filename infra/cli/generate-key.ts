import { Command, Option } from 'commander';
import { type AlgorithmName, algorithmNames } from '../../lib/keys/algorithm.ts';
import { createSigningKey } from '../signing-key.ts';
import { examples } from './command.ts';
import type { Io } from './io.ts';
import { createOutput, fields } from './output.ts';

interface GenerateOptions {
  readonly alg: AlgorithmName;
  readonly json?: true;
}

/** `latchkey keys generate`: makes the next key of a stage whose keys are in its secret. */
export const generateCommand = (io: Io) =>
  new Command('generate')
    .description(
      'Make a signing key for the secret of a stage, and print it. Nothing is stored: put private_jwk into SIGNING_KEYS, and\n' +
        'public_jwk into VERIFICATION_KEYS or a file for latchkey keys add --public.',
    )
    .addOption(new Option('--alg <alg>', 'algorithm that it signs with').choices(algorithmNames).default('ES256'))
    .option('--json', 'print one JSON document instead of text')
    .addHelpText('after', examples('latchkey keys generate --alg RS256 --json'))
    .action(async (_options, command: Command) => {
      const { alg, json } = command.optsWithGlobals<GenerateOptions>();
      const out = createOutput(io, json === true);
      const { members, jwk } = createSigningKey(alg);
      const made = { kid: jwk.kid, private_jwk: { ...members, ...jwk }, public_jwk: jwk };
      const { kid, private_jwk, public_jwk } = made;
      out.result(
        made,
        fields({ kid, private_jwk: JSON.stringify(private_jwk), public_jwk: JSON.stringify(public_jwk) }),
      );
      out.note('The private key is shown only now.');
    });
