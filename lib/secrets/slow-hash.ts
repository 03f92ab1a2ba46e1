import { type ScryptOptions, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { Unavailable } from '../oauth/errors.ts';

/** Two of 64 MB fit into the memory of every function. */
export const HASHES_AT_ONCE = 2;

/** The last one waits for some seconds, which every function has. */
export const WAITING_HASHES = 30;

const HASH_BYTES = 32;
const MAX_MEMORY = 96 * 1024 * 1024;

const runScrypt = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

let running = 0;
const waiting: (() => void)[] = [];

/** RFC 7914. @throws Unavailable when too many are waiting in this container, so that none exhausts its memory */
export async function deriveKey(
  secret: string,
  salt: Buffer,
  cost: { readonly N: number; readonly r: number; readonly p: number },
): Promise<Buffer> {
  if (running < HASHES_AT_ONCE) running++;
  else if (waiting.length < WAITING_HASHES) await new Promise<void>((start) => waiting.push(start));
  else throw new Unavailable('hashing of secrets');
  try {
    return await runScrypt(secret, salt, HASH_BYTES, { ...cost, maxmem: MAX_MEMORY });
  } finally {
    // The next one takes over the place of this one.
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}
