import { BinarySet } from '../../lib/store/attribute-value.ts';
import type { Item, Table } from '../../lib/store/table.ts';

/** A table in this process, for what is measured without the store call. Conditions always hold. */
export function createMemoryTable(): Table {
  const items = new Map<string, Item & { pk: string; sk: string }>();
  return {
    get: async ({ pk, sk }) => items.get(`${pk} ${sk}`),
    async put(item) {
      items.set(`${item.pk} ${item.sk}`, item);
      return true;
    },
    set: async ({ pk, sk }, attributes) => {
      const item = { ...items.get(`${pk} ${sk}`), ...attributes, pk, sk };
      items.set(`${pk} ${sk}`, item);
      return item;
    },
    async setBlindly({ pk, sk }, attributes) {
      items.set(`${pk} ${sk}`, { ...items.get(`${pk} ${sk}`), ...attributes, pk, sk });
      return true;
    },
    remove: async ({ pk, sk }) => items.delete(`${pk} ${sk}`) || true,
    async query(pk, from, page) {
      const found = [...items.values()].filter((item) => item.pk === pk && item.sk >= from);
      return page ? found.filter(({ sk }) => sk <= page.to).slice(0, page.limit) : found;
    },
    async update({ pk, sk }, { set, initial, add = {} }) {
      const known = items.get(`${pk} ${sk}`);
      const item = { ...initial, ...known, ...set, pk, sk } as Item & { pk: string; sk: string };
      for (const [name, value] of Object.entries(add)) {
        const before = known?.[name];
        if (value instanceof BinarySet) item[name] = union(value, before);
        else item[name] = Number(before ?? 0) + Number(value);
      }
      items.set(`${pk} ${sk}`, item);
      return item;
    },
    async slice(pk, { from, to, after = '', limit = items.size, isDescending }) {
      const found = [...items.values()].filter(
        (item) => item.pk === pk && item.sk >= from && item.sk <= to && item.sk > after,
      );
      found.sort((one, other) => (one.sk < other.sk === !isDescending ? -1 : 1));
      return { items: found.slice(0, limit), after: found.length > limit ? found[limit - 1]?.sk : undefined };
    },
    scan: async (sk) => [...items.values()].filter((item) => item.sk === sk),
  };
}

const union = (added: BinarySet, before: unknown) =>
  new BinarySet([...new Set([...(before instanceof BinarySet ? before.members : []), ...added.members])]);
