import { parseArgs } from 'node:util';
import { parseIssuer as readIssuer } from '../../lib/config-values.ts';
import { isNewIdentifier } from '../../lib/oauth/identifier.ts';
import { demoApis } from '../demo-apis.ts';
import type { Parameters } from '../parameters.ts';
import { Problem } from '../problem.ts';
import { type KeyOrigin, keyOrigins } from './local-keys.ts';
import { parseParameters } from './parameters.ts';
import { parseUpstreamRoute, type UpstreamRoute } from './upstream.ts';

export interface Options {
  /** 0 = any free port. */
  port: number;
  /** Directory for table and keys. Absent = `.latchkey/data/PORT`, or memory with port 0. */
  data?: string;
  /** Delete the data of earlier starts. */
  fresh?: boolean;
  /** Where the keys come from. */
  keys: KeyOrigin;
  /** The API that the authorizer accepts tokens for, instead of the demo API for orders. */
  audience?: string;
  /** Servers behind the authorizer. */
  routes?: readonly UpstreamRoute[];
  /** Parameters that the template is packaged with. */
  parameters?: Parameters;
  /** The public URL of this stack, if it is behind a proxy with TLS. */
  issuer?: string;
  watch: boolean;
  /** Show the output of the functions. */
  verbose: boolean;
  help: boolean;
  /** `LOG_LEVEL` of this process; overrides that of the template. */
  logLevel?: string;
}

export const help = `Usage: npm start [-- OPTIONS]

Runs the whole service on this machine: the packaged template on a local API Gateway, with an embedded DynamoDB.

  --port PORT   port to listen on (default: the variable PORT, else 3000; 0 = any free port)

Data
  --data DIR    directory for table, keys and demo secrets, so that clients, users and tokens survive a restart
                (default: .latchkey/data/PORT; with port 0, nothing is kept)
  --fresh       delete the data of earlier starts

Your own API behind the authorizer
  --audience API
                identifier of the API that the authorizer accepts tokens for, best its URL (default: the demo API
                ${demoApis.orders}). A new API is registered, and the demo clients may get tokens for it
  --route 'METHOD /path=URL'
                send requests for this route to your server at URL once the authorizer has accepted them; repeatable.
                METHOD may be ANY, the path may have {variables} and end with {proxy+}, and a URL without a path keeps the
                path of the request. Headers name the caller: x-latchkey-sub, x-latchkey-client-id, x-latchkey-scope ...
                OPTIONS requests reach your server without a token, because CORS preflights have none.
                Example: --route 'GET /things/{id}=http://127.0.0.1:4000'

Settings
  --keys ORIGIN origin of the keys: environment (default); kms, which signs with a stand-in for AWS KMS; or wrapped, where
                that stand-in makes and wraps keys for the key registry and npx latchkey keys
  --param NAME=VALUE
                parameter of serverless.yml, as for serverless deploy; repeatable. Example: --param token-lifetime=600
  --issuer URL  public URL of this stack, if it is behind a proxy with TLS (default: http://localhost:PORT)

  --watch       build and package again when a source file changes
  --verbose     show the output of the functions. The variable LOG_LEVEL has the same effect, and sets their log level
  --help        show this help
`;

/** @throws Problem for an unknown option or a bad value */
export function parseOptions(args: string[], env: Readonly<Record<string, string | undefined>>): Options {
  const { values } = parse(args);
  const [port, source] = values.port === undefined ? [env['PORT'] || '3000', 'PORT'] : [values.port, '--port'];
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Problem(`${source} must be a number from 0 to 65535`);
  if (values.data === '') throw new Problem('--data needs the path of a directory');
  if (values.audience !== undefined && !isNewIdentifier(values.audience)) {
    throw new Problem(
      '--audience needs the identifier of an API: a URL or a name that begins with a letter or digit, without spaces and #, and without punctuation at its end',
    );
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
    const { message } = error as Error;
    const [, option] = /^Option '(--\w+)' argument is ambiguous/.exec(message) ?? [];
    if (option) throw new Problem(`${option} needs a value; write one that begins with - as in ${option}=-value`);
    // The first sentence says what is wrong. The others are about positional arguments, which npm start does not take.
    const [sentence = ''] = message.split(/\.\s|\n/);
    throw new Problem(`${sentence.replace(/\.$/, '')}; see npm start -- --help`);
  }
}
