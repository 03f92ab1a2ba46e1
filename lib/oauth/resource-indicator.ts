const WITHOUT_PATH = /^(https?:\/\/[^/?#]+)\/?$/i;

/** URL libraries write an empty path with a slash or without. There is no other leniency. RFC 3986 section 6.2.3 */
export function spellingsOf(identifier: string): readonly string[] {
  const bare = WITHOUT_PATH.exec(identifier)?.[1];
  if (bare === undefined) return [identifier];
  return identifier === bare ? [bare, `${bare}/`] : [identifier, bare];
}

export const isSameResource = (one: string, other: string): boolean => spellingsOf(one).includes(other);

/** The identifiers as they are registered. One that is not is returned as it was requested. */
export const asRegistered = (requested: readonly string[], registered: readonly string[]): readonly string[] =>
  requested.map(
    (identifier) => spellingsOf(identifier).find((spelling) => registered.includes(spelling)) ?? identifier,
  );
