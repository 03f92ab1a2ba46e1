import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import type { ProxyEvent } from '../../lib/http/proxy-event.ts';
import { basic, httpEvent } from '../support/world.ts';
import { createDeployment, createEvents, HEADERS } from './deployment.ts';
import type { Figure } from './figure.ts';
import { answer, parseAndCheckSecret } from './floor.ts';
import { against, type Effort, interleave, mostRatio } from './measure.ts';
import { createMemoryTable } from './memory-table.ts';

const FORM = { grant_type: 'client_credentials', scope: 'read write', resource: 'orders' };

/** The whole handler, event in, result out, for a client that is cached. */
export async function measure(effort: Effort): Promise<Figure[]> {
  // Issued reference tokens are put nowhere: no store call is measured.
  const deployment = createDeployment('ES256', { ...createMemoryTable(), put: async () => true });
  const events = (id: string) =>
    createEvents([
      httpEvent({ path: '/token', headers: { ...HEADERS, authorization: basic(id) }, form: FORM }) as ProxyEvent,
    ]);
  const forJwt = events('machine-jwt');
  const forReference = events('machine-reference');
  const issue = floor(deployment.env);
  forJwt.prepare(1);
  for (const handler of [deployment.token, issue]) {
    const { statusCode } = await handler(forJwt.at(0));
    if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
  }

  const rounds = await interleave(
    {
      'parse + secret + sign + JSON': { prepare: forJwt.prepare, call: (index) => issue(forJwt.at(index)) },
      'client_credentials, JWT ES256': {
        prepare: forJwt.prepare,
        call: (index) => deployment.token(forJwt.at(index)),
      },
      'parse + secret + JSON': {
        prepare: forReference.prepare,
        call: async (index) => {
          const { form } = parseAndCheckSecret(forReference.at(index));
          return answer({
            access_token: randomUUID(),
            token_type: 'Bearer',
            expires_in: 3600,
            scope: form.get('scope'),
          });
        },
      },
      'client_credentials, reference (store stubbed)': {
        prepare: forReference.prepare,
        call: (index) => deployment.token(forReference.at(index)),
      },
    },
    effort,
  );
  return [
    against(rounds, 'client_credentials, JWT ES256', 'parse + secret + sign + JSON', mostRatio(1.5)),
    against(rounds, 'client_credentials, reference (store stubbed)', 'parse + secret + JSON'),
  ];
}

function floor(env: Record<string, string>) {
  const [jwk] = (JSON.parse(env['SIGNING_KEYS']!) as { keys: [Record<string, string>] }).keys;
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const encode = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64url');
  return async (event: ProxyEvent) => {
    const { id, form } = parseAndCheckSecret(event);
    const iat = Math.floor(Date.now() / 1000);
    const claims = { iss: env['ISSUER'], sub: id, aud: form.get('resource'), client_id: id, scope: form.get('scope') };
    const payload = encode({ ...claims, iat, exp: iat + 3600, grant_id: randomUUID(), jti: randomUUID() });
    const input = `${encode({ alg: 'ES256', typ: 'at+jwt', kid: 'key' })}.${payload}`;
    const access_token = `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
    return answer({ access_token, token_type: 'Bearer', expires_in: 3600, scope: form.get('scope') });
  };
}
