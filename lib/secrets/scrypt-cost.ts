/** 64 MB of memory, as OWASP recommends. In its own module, so that vitest.config.ts can replace it. */
export const SCRYPT_COST = { N: 2 ** 16, r: 8, p: 2 };
