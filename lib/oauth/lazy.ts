/** A value that is made when it is first asked for: at hand without a promise from then on. */
export type Lazy<Value> = () => Value | Promise<Value>;

/** Makes a value once, in one flight for all who ask meanwhile. After a failure, whoever asks next tries again. */
export function lazy<Value>(make: () => Promise<Value>): Lazy<Value> {
  let made: { readonly value: Value } | undefined;
  let flight: Promise<Value> | undefined;

  return () => {
    if (made) return made.value;
    flight ??= Promise.resolve()
      .then(make)
      .then((value) => {
        made = { value };
        return value;
      })
      .finally(() => {
        flight = undefined;
      });
    return flight;
  };
}
