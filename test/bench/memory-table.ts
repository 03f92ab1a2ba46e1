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
    scan: async (sk) => [...items.values()].filter((item) => item.sk === sk),
  };
}
