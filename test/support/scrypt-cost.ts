/** Replaces lib/secrets/scrypt-cost.ts in the process of the tests, with a thousandth of the work. */
export const SCRYPT_COST = { N: 2 ** 7, r: 8, p: 1 };
