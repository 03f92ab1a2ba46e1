import { spellingsOf } from '../../lib/oauth/resource-indicator.ts';
import type { ResourceServer } from '../../lib/oauth/resource-server.ts';
import type { RecordStore, Versioned } from '../../lib/store/record.ts';

/** Finds a resource server by either spelling of its identifier, and creates none that differs only in this from another one. */
export function inEitherSpelling(records: RecordStore<ResourceServer>): RecordStore<ResourceServer> {
  async function findVersion(id: string): Promise<Versioned<ResourceServer> | undefined> {
    const found = await Promise.all(spellingsOf(id).map((spelling) => records.findVersion(spelling)));
    return found.find((record) => record !== undefined);
  }
  return {
    ...records,
    findVersion,
    find: async (id) => (await findVersion(id))?.value,
    async create(value) {
      const [, other] = spellingsOf(value.identifier);
      if (other !== undefined && (await records.find(other))) return false;
      return records.create(value);
    },
  };
}
