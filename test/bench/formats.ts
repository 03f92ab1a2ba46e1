import { compose as composeAuthorizer } from '../../functions/authorizer.ts';
import type { ProxyEvent } from '../../lib/http/proxy-event.ts';
import { createReferenceTokenStore } from '../../lib/store/reference-token.ts';
import { formats } from '../../lib/tokens/formats.ts';
import { createFoundationWithTable } from '../../lib/wiring/foundation.ts';
import { basic, getToken, httpEvent, MACHINES, machines } from '../support/world.ts';
import { createDeployment, createEvents, HEADERS } from './deployment.ts';
import type { Figure } from './figure.ts';
import { against, type Candidate, type Effort, interleave, pick } from './measure.ts';
import { createMemoryTable } from './memory-table.ts';

const FORM = { grant_type: 'client_credentials', scope: 'read write', resource: 'orders' };
const TOKENS = 64;

/** What each format costs for the same claims: the whole token handler, a token that was not seen before, and its bytes. */
export async function measure(effort: Effort): Promise<Figure[]> {
  const table = createMemoryTable();
  const deployment = createDeployment('ES256', table);
  // What is issued while it is timed is put nowhere.
  const issuing = createDeployment('ES256', { ...table, put: async () => true });
  const context = {
    ...composeAuthorizer(createFoundationWithTable(deployment.env)),
    referenceTokens: createReferenceTokenStore(table),
  };

  const issue: Record<string, Candidate> = {};
  const verify: Record<string, Candidate> = {};
  const bytes: Figure[] = [];
  for (const id of MACHINES) {
    const name = machines[id];
    const headers = { ...HEADERS, authorization: basic(id) };
    const events = createEvents([httpEvent({ path: '/token', headers, form: FORM }) as ProxyEvent]);
    const tokens: string[] = [];
    for (let index = 0; index < TOKENS; index++) tokens.push(await getToken(deployment, id));
    issue[`issue ${name}`] = { prepare: events.prepare, call: (index) => issuing.token(events.at(index)) };
    verify[`verify ${name}`] = { call: (index) => formats[name].verify(pick(tokens, index), context) };
    bytes.push({ name: `bytes of ${name}`, unit: 'bytes', value: tokens[0]!.length });
  }

  const issued = await interleave(issue, effort);
  const verified = await interleave(verify, effort);
  return [
    ...Object.keys(issue).map((name) => against(issued, name, 'issue jwt', { isComparison: true })),
    ...Object.keys(verify).map((name) => against(verified, name, 'verify jwt', { isComparison: true })),
    ...bytes,
  ];
}
