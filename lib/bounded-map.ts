export interface BoundedMap<Value> {
  get(key: string): Value | undefined;
  /** The entry that was set first goes when there are too many. */
  set(key: string, value: Value): void;
  delete(key: string): void;
}

/** Remembers at most so many entries. */
export function createBoundedMap<Value>(most: number): BoundedMap<Value> {
  const entries = new Map<string, Value>();
  return {
    get: (key) => entries.get(key),
    set(key, value) {
      entries.delete(key);
      const [oldest] = entries.keys();
      if (oldest !== undefined && entries.size >= most) entries.delete(oldest);
      entries.set(key, value);
    },
    delete: (key) => void entries.delete(key),
  };
}
