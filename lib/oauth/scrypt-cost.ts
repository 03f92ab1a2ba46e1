/**
 * What it costs to hash a secret that a person chose: 2^16 x 8 x 128 bytes = 64 MB, OWASP's second choice, for functions
 * with little memory. A module of its own, because the tests put a lower cost in its place (vitest.config.ts): nothing
 * that is deployed can be told to.
 */
export const SCRYPT_COST = { N: 2 ** 16, r: 8, p: 2 };
