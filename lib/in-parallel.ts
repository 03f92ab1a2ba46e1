/** Works on each item, on at most `limit` at a time. @throws the first error; no further item is begun then */
export async function inParallel<Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const waiting = [...items];
  let isFailed = false;
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined && !isFailed; item = waiting.shift()) {
      await work(item).catch((error: unknown) => {
        isFailed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
