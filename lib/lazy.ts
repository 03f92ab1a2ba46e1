/** A value that is made when it is first asked for: at hand without a promise from then on. */
export type Lazy<Value> = () => Value | Promise<Value>;

/** Makes a value once, in one flight for all who ask meanwhile. After a failure, whoever asks next tries again. */
export function lazy<Value>(make: () => Promise<Value>): Lazy<Value> {
  let made: { readonly value: Value } | undefined;
  const fly = singleFlight(async () => {
    made = { value: await make() };
    return made.value;
  });
  return () => (made ? made.value : fly());
}

/** Whoever asks while it is under way waits for the same outcome; whoever asks later starts it again. */
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
