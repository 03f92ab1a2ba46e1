import { parseArgs } from 'node:util';
import { issuer as readIssuer } from '../../lib/config-values.ts';
import { Problem } from '../problem.ts';
import { type KeyOrigin, keyOrigins } from './local-keys.ts';
import { type Parameters, parseParameters } from './parameters.ts';
import { parseUpstreamRoute, type UpstreamRoute } from './upstream.ts';

export interface Options {
  /** 0 = one of the system's choice. */
  port: number;
  /** Directory for table and keys. Absent = `.latchkey/data/PORT`, or memory where the port is the system's choice. */
  data?: string;
  /** Forget what an earlier start left there. */
  fresh?: boolean;
  /** Where the keys are. */
  keys: KeyOrigin;
  /** The API that the authorizer accepts tokens for, instead of the demo API `orders`. */
  audience?: string;
  /** Servers behind the authorizer. */
  routes?: readonly UpstreamRoute[];
  /** What the template is packaged with. */
  parameters?: Parameters;
  /** Where clients reach this stack, if that is not this port: behind a proxy with TLS. */
  issuer?: string;
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

What is kept
  --data DIR    where to keep table, keys and demo secrets, so that clients, users and tokens outlive a restart
                (default .latchkey/data/PORT; with port 0 nothing is kept)
  --fresh       forget what is kept there, and start anew

Your own API behind the authorizer
  --audience API
                the identifier of the API that the authorizer accepts tokens for, instead of the demo API orders; the API
                is registered if it is new, and the demo clients may have tokens for it
  --route 'METHOD /path=URL'
                send such requests to a server of yours when the authorizer lets them through. Can be repeated.
                METHOD may be ANY; a path may have {variables} and end in {proxy+}. A URL without a path keeps that of the
                request. Your server gets the caller in headers: x-latchkey-sub, x-latchkey-client-id, x-latchkey-scope ...
                OPTIONS of the path reaches it without a token, because a preflight has none

Settings
  --keys ORIGIN where the keys are: environment (default); kms, a stand-in for AWS KMS that signs and derives; or wrapped,
                keys made and wrapped by that stand-in, in the key registry, for npx latchkey keys
  --param NAME=VALUE
                a parameter of serverless.yml, as for serverless deploy. Can be repeated
  --issuer URL  the public URL of this stack, when it is behind a proxy with TLS (default http://localhost:PORT)

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
  if (values.audience !== undefined && !/^[\x21-\x7e]+$/.test(values.audience)) {
    throw new Problem('--audience needs the identifier of an API: a URL or a name, without spaces');
  }
  const keys = keyOrigins.find((origin) => origin === values.keys);
  if (!keys) throw new Problem(`--keys must be one of ${keyOrigins.join(', ')}`);
  return {
    port: Number(port),
    keys,
    ...(values.data !== undefined && { data: values.data }),
    fresh: values.fresh,
    ...(values.audience !== undefined && { audience: values.audience }),
    routes: values.route.map(parseUpstreamRoute),
    parameters: parseParameters(values.param),
    ...(values.issuer !== undefined && { issuer: parseIssuer(values.issuer) }),
    watch: values.watch,
    verbose: values.verbose || Boolean(env['LOG_LEVEL']),
    help: values.help,
    ...(env['LOG_LEVEL'] && { logLevel: env['LOG_LEVEL'] }),
  };
}

function parseIssuer(text: string): string {
  try {
    return readIssuer(text);
  } catch (error) {
    throw new Problem(`--issuer ${text}: ${(error as Error).message}`);
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: 'string' },
        data: { type: 'string' },
        fresh: { type: 'boolean', default: false },
        keys: { type: 'string', default: 'environment' },
        audience: { type: 'string' },
        route: { type: 'string', multiple: true, default: [] },
        param: { type: 'string', multiple: true, default: [] },
        issuer: { type: 'string' },
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
