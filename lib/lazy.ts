/** Returns no promise after the first call. */
export type Lazy<Value> = () => Value | Promise<Value>;

/** After a failure, the next call tries again. */
export function lazy<Value>(make: () => Promise<Value>): Lazy<Value> {
  let made: { readonly value: Value } | undefined;
  const fly = singleFlight(async () => {
    made = { value: await make() };
    return made.value;
  });
  return () => (made ? made.value : fly());
}

/** Concurrent calls share one outcome. A call after that starts again. */
export function singleFlight<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let flight: Promise<Value> | undefined;
  return () => {
    flight ??= Promise.resolve()
      .then(make)
      .finally(() => {
        flight = undefined;
      });
    return flight;
  };
}
