import { isSameResource, spellingsOf } from '../../lib/oauth/resource-indicator.ts';
import type { ResourceServer } from '../../lib/oauth/resource-server.ts';
import { listOfResourceServers } from '../../lib/store/resource-server.ts';
import { Problem } from '../problem.ts';
import type { Store } from './store.ts';

// Introspection tells callers apart by their ids. And where access tokens are typed as ID tokens are, the audience tells them apart, for
// clients as well: so no client has the audience of such an API as its id.

const audiencesOf = ({
  audience,
  access_token_static_audience: further = audience,
}: Pick<ResourceServer, 'audience' | 'access_token_static_audience'>) => [audience, further];

/** @throws Problem when the id is that of a client */
export async function requireNoClient(identifier: string, { clients }: Store): Promise<void> {
  if (!(await clients.find(identifier))) return;
  throw new Problem(
    `${identifier} is the id of a client, and introspection tells callers apart by their ids: choose another identifier`,
  );
}

/** @throws Problem when the tokens of the API could pass for ID tokens of a client */
export async function requireOwnAudience(
  { identifier, access_token_typ, ...resource }: ResourceServer,
  { clients }: Store,
): Promise<void> {
  if (access_token_typ !== 'JWT') return;
  for (const name of [identifier, ...audiencesOf(resource)].flatMap(spellingsOf)) {
    if (!(await clients.find(name))) continue;
    throw new Problem(
      `${name} is the id of a client, whose ID tokens are typed JWT, too: choose another name, or leave out --typ JWT`,
    );
  }
}

/** @throws Problem when the id is the name of a resource server, or the audience of one whose tokens are typed JWT */
export async function requireNoResourceServer(client_id: string, { resourceServers, lists }: Store): Promise<void> {
  if (await resourceServers.find(client_id)) {
    throw new Problem(
      `${client_id} is the id of a resource server, and introspection tells callers apart by their ids: choose another id`,
    );
  }
  // Version 0.1.0, whose records may be missing from the index, knows no `typ`.
  for await (const page of lists.read(listOfResourceServers(), { indexAlone: true })) {
    const namesake = page.find(
      (it) => it.access_token_typ === 'JWT' && audiencesOf(it).some((aud) => isSameResource(aud, client_id)),
    );
    if (!namesake) continue;
    throw new Problem(
      `${client_id} is the audience of the resource server ${namesake.identifier}, whose tokens are typed JWT as ID tokens are: choose another id`,
    );
  }
}
