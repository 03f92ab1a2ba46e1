import { SEGMENT_ENTRIES } from '../../lib/oauth/revocation-segment.ts';
import { fullSegment } from '../support/revocation-list.ts';
import { authorizerEvents, getToken } from '../support/world.ts';
import { createDeployment, createEvents, HEADERS } from './deployment.ts';
import type { Figure } from './figure.ts';
import { against, type Effort, interleave, mostRatio } from './measure.ts';

const TOKENS = 64;
const REVOCATIONS = 1_000;

/**
 * The decision on a token that was seen before, event in, answer out, with the list as old as it may be and a thousand
 * entries in it. The floor finds the token in the event and the answer in a Map.
 */
export async function measure(effort: Effort): Promise<Figure[]> {
  const { authorizer, table, token } = createDeployment('ES256');
  const now = Math.floor(Date.now() / 1000);
  for (let number = 0; number < REVOCATIONS / SEGMENT_ENTRIES; number++) {
    await table.put(fullSegment(number, { created_at: now, expires_at: now + 86_400 }));
  }

  const figures: Figure[] = [];
  for (const kind of ['jwt', 'reference']) {
    const tokens: string[] = [];
    for (let index = 0; index < TOKENS; index++) tokens.push(await getToken({ token }, `machine-${kind}`));
    const events = createEvents(tokens.map(eventOf));
    const known = new Map<string, { exp: number; answer: unknown }>();
    events.prepare(TOKENS);
    for (const [index, each] of tokens.entries()) {
      const answer = await authorizer(events.at(index));
      if (!('isAuthorized' in answer && answer.isAuthorized)) throw new Error('refused');
      known.set(each, { exp: now + 3600, answer });
    }

    const name = `decision, ${kind} seen before`;
    const rounds = await interleave(
      {
        'Map hit': {
          prepare: events.prepare,
          call: async (index) => {
            const { headers } = events.at(index);
            const found = known.get(headers.authorization.slice('Bearer '.length));
            if (!found || found.exp <= Math.floor(Date.now() / 1000)) throw new Error('the floor is broken');
            return { ...found };
          },
        },
        [name]: { prepare: events.prepare, call: (index) => authorizer(events.at(index)) },
      },
      effort,
    );
    figures.push(against(rounds, name, 'Map hit', mostRatio(2)));
  }
  return figures;
}

/** As an HTTP API sends it, with all that a decision does not need. */
function eventOf(token: string) {
  const event = authorizerEvents['HTTP API 2.0'](token);
  const http = { method: 'GET', path: '/whoami', protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'bench/1.0' };
  return {
    ...event,
    rawPath: '/whoami',
    rawQueryString: '',
    headers: { ...HEADERS, ...event.headers },
    requestContext: {
      accountId: '123456789012',
      apiId: 'abc123',
      http,
      requestId: 'JKJaXmPLvHcESHA=',
      stage: '$default',
    },
  };
}
