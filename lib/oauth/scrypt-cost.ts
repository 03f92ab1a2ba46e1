/**
 * The cost of hashing a secret that a person chose: 2^16 x 8 x 128 bytes = 64 MB of memory, the second of OWASP's recommended
 * settings. It has a module of its own so that the tests can replace it with a lower cost (vitest.config.ts). In a deployment it
 * cannot be changed.
 */
export const SCRYPT_COST = { N: 2 ** 16, r: 8, p: 2 };
