import { parseArgs } from 'node:util';
import { type KeyOrigin, keyOrigins } from './local-keys.ts';
import { Problem } from './problem.ts';

export interface Options {
  /** 0 = one of the system's choice. */
  port: number;
  /** Directory for table and keys; without it both are in memory. */
  data?: string;
  /** Where the keys are. */
  keys: KeyOrigin;
  watch: boolean;
  /** Show what the functions write. */
  verbose: boolean;
  help: boolean;
  /** `LOG_LEVEL`, if it is set: the functions get it, instead of the template's. */
  logLevel?: string;
}

export const help = `Usage: npm start [-- OPTIONS]

Runs the whole service on this machine: the packaged template on a local API Gateway, over an embedded DynamoDB.

  --port PORT   where to listen (default 3000, or the variable PORT; 0 = any free port)
  --data DIR    keep table, keys and demo secrets in DIR, so that tokens outlive a restart
  --keys ORIGIN where the keys are: environment (default); kms, a stand-in for AWS KMS that signs and derives; or wrapped,
                keys made and wrapped by that stand-in, in the key registry, for npx latchkey keys
  --watch       build and package again when a source file changes
  --verbose     show what the functions write (so does the variable LOG_LEVEL, which also sets how much that is)
  --help        show this
`;

/** @throws Problem for an unknown option or a bad value */
export function parseOptions(args: string[], env: Readonly<Record<string, string | undefined>>): Options {
  const { values } = parse(args);
  const [port, source] = values.port === undefined ? [env['PORT'] || '3000', 'PORT'] : [values.port, '--port'];
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Problem(`${source} must be a number from 0 to 65535`);
  if (values.data === '') throw new Problem('--data needs a directory');
  const keys = keyOrigins.find((origin) => origin === values.keys);
  if (!keys) throw new Problem(`--keys must be one of ${keyOrigins.join(', ')}`);
  return {
    port: Number(port),
    keys,
    ...(values.data !== undefined && { data: values.data }),
    watch: values.watch,
    verbose: values.verbose || Boolean(env['LOG_LEVEL']),
    help: values.help,
    ...(env['LOG_LEVEL'] && { logLevel: env['LOG_LEVEL'] }),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: 'string' },
        data: { type: 'string' },
        keys: { type: 'string', default: 'environment' },
        watch: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    // The first sentence says what is wrong; the others explain positional arguments, which there are none of.
    const [sentence = ''] = (error as Error).message.split(/\.\s|\n/);
    throw new Problem(`${sentence.replace(/\.$/, '')}; see npm start -- --help`);
  }
}
