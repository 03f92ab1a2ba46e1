/** What a user or client belongs to and may do, for the APIs to interpret. RFC 9068 section 2.2.3.1, RFC 7643 section 4.1.2 */
export interface Memberships {
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
}

/** Each is a scope, too, that a client asks for. */
export const membershipNames = ['groups', 'roles'] as const satisfies readonly (keyof Memberships)[];

export const MAX_MEMBERSHIPS = 50;
export const MAX_MEMBERSHIP_LENGTH = 100;

/** Bytes of groups and roles together, as JSON: they have to fit into a token and into the headers of a request. */
export const MAX_MEMBERSHIPS_BYTES = 2048;

export const isMembershipName = (name: unknown): name is string =>
  typeof name === 'string' && name !== '' && name.length <= MAX_MEMBERSHIP_LENGTH && !/\p{Cc}/u.test(name);

/** As a predicate; undefined when nothing is wrong. Absent, null and empty = none. */
export function whyNotMemberships(known: Readonly<Record<string, unknown>>): string | undefined {
  const lists = membershipNames.map((name) => known[name] ?? []);
  for (const list of lists) {
    if (!Array.isArray(list) || !list.every(isMembershipName)) {
      return `must be lists of names of at most ${MAX_MEMBERSHIP_LENGTH} characters`;
    }
    if (list.length > MAX_MEMBERSHIPS) return `must be at most ${MAX_MEMBERSHIPS} each`;
  }
  if (Buffer.byteLength(JSON.stringify(lists)) <= MAX_MEMBERSHIPS_BYTES) return undefined;
  return `must have at most ${MAX_MEMBERSHIPS_BYTES} bytes together`;
}

/** @throws TypeError which is a fault, for what registration or a hook should not have let in */
export function requireMemberships(known: Readonly<Record<string, unknown>>): void {
  const problem = whyNotMemberships(known);
  if (problem !== undefined) throw new TypeError(`groups and roles ${problem}`);
}

/** Those that the scope asks for. @throws TypeError as `requireMemberships` */
export function selectMemberships(known: Readonly<Record<string, unknown>>, scope: readonly string[]): Memberships {
  const wanted = membershipNames.filter((name) => scope.includes(name));
  if (wanted.length > 0) requireMemberships(known);
  const lists = known as Memberships;
  return Object.fromEntries(wanted.flatMap((name) => (lists[name]?.length ? [[name, lists[name]]] : [])));
}
