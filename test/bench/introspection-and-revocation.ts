import { verify } from 'node:crypto';
import type { ProxyEvent } from '../../lib/http/proxy-event.ts';
import { basic, getToken, httpEvent } from '../support/world.ts';
import { createDeployment, createEvents, HEADERS, prepareSignatures } from './deployment.ts';
import type { Figure } from './figure.ts';
import { answer, parseAndCheckSecret } from './floor.ts';
import { against, type Effort, interleave, mostRatio } from './measure.ts';
import { createMemoryTable } from './memory-table.ts';

const TOKENS = 256;

/**
 * Introspection and revocation, event in, result out, without the store call.
 */
export async function measure(effort: Effort): Promise<Figure[]> {
  return [
    ...(await measureKind('reference', 'RS256', effort)),
    ...(await measureKind('jwt', 'RS256', effort)),
    ...(await measureKind('jwt', 'ES256', effort)),
  ];
}

async function measureKind(kind: 'jwt' | 'reference', alg: 'RS256' | 'ES256', effort: Effort): Promise<Figure[]> {
  const table = createMemoryTable();
  let list = createMemoryTable();
  const { env, token, introspection, startRevocation } = createDeployment(alg, {
    ...table,
    // Nobody reads the revocation list again, which begins anew in each round.
    slice: async () => ({ items: [], after: undefined }),
    update: (...change) => list.update(...change),
    // Changes nothing: a token that is revoked in one round is introspected in the next.
    set: async (key, attributes) => ({ ...(await table.get(key)), ...key, ...attributes }),
    setBlindly: async () => true,
  });
  const client = `machine-${kind}`;
  const tokens: string[] = [];
  for (let index = 0; index < TOKENS; index++) tokens.push(await getToken({ token }, client));
  const eventsBy = (caller: string) =>
    createEvents(
      tokens.map(
        (each) =>
          httpEvent({ headers: { ...HEADERS, authorization: basic(caller) }, form: { token: each } }) as ProxyEvent,
      ),
    );
  const introspecting = eventsBy('orders');
  const revoking = eventsBy(client);
  const verifySignature = kind === 'jwt' ? signatureCheck(alg, env, tokens) : () => {};
  const least = kind === 'jwt' ? 'parse + secret + verify + JSON' : 'parse + secret + JSON';
  const name = kind === 'jwt' ? `JWT ${alg}` : 'reference';

  let revocation = startRevocation();
  const rounds = await interleave(
    {
      [least]: {
        prepare: introspecting.prepare,
        call: async (index) => {
          parseAndCheckSecret(introspecting.at(index));
          verifySignature(index);
          return answer({ active: true, token_type: 'Bearer', sub: client, client_id: client, exp: 1, iat: 0 });
        },
      },
      [`introspection, ${name} (store stubbed)`]: {
        async prepare(count) {
          introspecting.prepare(count);
          const { body } = await introspection(introspecting.at(0));
          if (!body.includes('"active":true')) throw new Error(`answered ${body}`);
        },
        call: (index) => introspection(introspecting.at(index)),
      },
      [`revocation, ${name} (store stubbed)`]: {
        batch: TOKENS - 1,
        // Each token is revoked once in a container; the last one only starts it.
        async prepare() {
          revoking.prepare(TOKENS);
          list = createMemoryTable();
          revocation = startRevocation();
          const { statusCode } = await revocation(revoking.at(TOKENS - 1));
          if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
        },
        call: (index) => revocation(revoking.at(index)),
      },
    },
    effort,
  );
  const goal = kind === 'jwt' ? mostRatio(1.3) : {};
  return ['introspection', 'revocation'].map((what) =>
    against(rounds, `${what}, ${name} (store stubbed)`, least, goal),
  );
}

function signatureCheck(alg: 'RS256' | 'ES256', env: Record<string, string>, tokens: readonly string[]) {
  const { key, signatures } = prepareSignatures(alg, env, tokens);
  return (index: number) => {
    const { data, signature } = signatures[index % signatures.length]!;
    if (!verify('sha256', data, key, signature)) throw new Error('the floor is broken');
  };
}
