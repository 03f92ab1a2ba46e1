interface AuthenticationContext {
  /** OpenID Connect Core section 2 */
  readonly acr: string;
  /** The methods that reach it together. RFC 8176 section 2 */
  readonly amr: readonly string[];
}

/** Strongest first. A stronger way of signing in adds a line before those that it exceeds. */
const contexts: readonly AuthenticationContext[] = [{ acr: 'urn:latchkey:acr:password', amr: ['pwd'] }];

export const supportedAcrValues: readonly string[] = contexts.map(({ acr }) => acr);

/** Undefined when none was reached, as by a directory that signs people in by other methods. */
export const reachedAcr = (amr: readonly string[] = []): string | undefined =>
  contexts.find((context) => context.amr.every((method) => amr.includes(method)))?.acr;
