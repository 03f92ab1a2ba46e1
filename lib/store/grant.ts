import type { GrantState, Transition } from '../oauth/grant-state.ts';
import { items } from './items.ts';
import type { List } from './lists.ts';
import { boolean, listOf, type Members, number, oneOf, optional, parser, text } from './shape.ts';
import { listedForSubject, subjectList } from './subject-list.ts';
import type { Table } from './table.ts';

/** docs/design.md section 4 */
export interface GrantStore {
  find(grant_id: string): Promise<GrantState | undefined>;
  put(grant: GrantState): Promise<void>;
  /** One conditional write. Undefined when a clause did not hold. */
  change(grant_id: string, transition: Transition): Promise<GrantState | undefined>;
}

const KIND = 'GRANT';

/** What was given to whom. */
export type GivenAccess = Pick<GrantState, 'state' | 'client_id' | 'sub' | 'scope' | 'claims'>;

const ofGivenAccess: Members<GivenAccess> = {
  state: oneOf('code', 'active', 'revoked'),
  client_id: text,
  sub: text,
  scope: listOf(text),
  claims: optional(text),
};
export const givenAccessAttributes = Object.keys(ofGivenAccess);

const parse = parser<GrantState>({
  ...ofGivenAccess,
  grant_id: text,
  resources: listOf(text),
  issued_at: number,
  redirect_uri: optional(text),
  redirect_uri_omitted: optional(boolean),
  code_challenge: optional(text),
  code_expires_at: number,
  generation: number,
  rotated_at: number,
  offline: boolean,
  ends_at: number,
  idle_until: number,
  transition: text,
  revoked_at: optional(number),
  auth_time: optional(number),
  amr: optional(listOf(text)),
  consented_at: optional(number),
  sid: optional(text),
  root_sid: optional(text),
  nonce: optional(text),
  access_token_lifetime: optional(number),
  expires_at: number,
});

const keyOf = (grant_id: string) => ({ pk: `GRANT#${grant_id}`, sk: KIND });

const listed = ({ sub, issued_at, grant_id }: GrantState) => listedForSubject(KIND, sub, issued_at, grant_id);

export const listOfGrants = (sub: string): List<GrantState> => ({
  kind: KIND,
  listed_in: subjectList(KIND, sub),
  parse,
  listed,
  holds: (grant) => grant.sub === sub,
});

/** For functions that need to know no more of a grant, and so may not read more. */
export const createGivenAccessFinder = (table: Table) =>
  items(table, { kind: KIND, key: keyOf, parse: parser(ofGivenAccess), attributes: givenAccessAttributes }).find;

export function createGrantStore(table: Table): GrantStore {
  const grants = items(table, { kind: KIND, key: keyOf, parse, listed });
  return {
    find: grants.find,
    async put(grant) {
      // The id is random, so an item that exists already is from an attempt whose answer was lost.
      await grants.create([grant.grant_id], grant);
    },
    change: (grant_id, { when, set }) => grants.change([grant_id], set, when),
  };
}
