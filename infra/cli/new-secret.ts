import type { HashedSecret } from '../../lib/oauth/hashed-secret.ts';
import { createSecret, importSecret, MAX_SECRET_LENGTH as MAX_LENGTH } from '../../lib/secrets/secret.ts';
import { Problem } from '../problem.ts';
import { type Io, readStdin } from './io.ts';

/** A secret to store. `secret` is present only for a generated one, which must be shown once. */
export interface NewSecret {
  readonly stored: HashedSecret;
  readonly secret?: string;
  /** Others can guess it. */
  readonly isShort?: boolean;
}

const MIN_LENGTH = 12;
const RULES = `${MIN_LENGTH} to ${MAX_LENGTH} printable ASCII characters, on one line`;

/** Description of the option. */
export const SECRET_STDIN = `read a chosen secret from standard input: ${RULES}; stored as a scrypt hash`;

export const SHORT_SECRET = `This secret has fewer than ${MIN_LENGTH} characters, so it can be guessed: replace it with latchkey secret add as soon as the client can change.`;

/**
 * Generates a random secret, or reads a chosen one from standard input.
 * @param expires_at seconds since the epoch
 * @throws Problem for a secret that breaks the rules
 */
export async function newSecret(
  io: Io,
  options: { readonly secretStdin?: true; readonly imported?: true },
  now: number,
  expires_at?: number,
): Promise<NewSecret> {
  if (!options.secretStdin) return createSecret(now, expires_at);
  const secret = await readStdin(io, 'secret', `, ${RULES}`);
  const isShort = secret.length < MIN_LENGTH;
  if (secret === '' || (isShort && !options.imported) || secret.length > MAX_LENGTH || !/^[\x20-\x7e]+$/.test(secret)) {
    throw new Problem(`this secret cannot be used: a secret has ${RULES}`);
  }
  return { stored: await importSecret(secret, now, expires_at), isShort };
}

export const SHOWN_ONCE = 'This secret is shown only now: the table keeps only a hash of it.';
