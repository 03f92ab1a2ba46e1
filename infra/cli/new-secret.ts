import { createSecret, type HashedSecret, importSecret } from '../../lib/oauth/secret.ts';
import { type Io, readStdin } from './io.ts';
import { Problem } from './problem.ts';

/** A secret on its way into a record; `secret` is there to be shown, once, and only if it was made here. */
export interface NewSecret {
  readonly stored: HashedSecret;
  readonly secret?: string;
}

const MIN_LENGTH = 12;
const MAX_LENGTH = 255;
const RULES = `${MIN_LENGTH} to ${MAX_LENGTH} printable ASCII characters, on one line`;

/** For help. */
export const SECRET_STDIN = `take the secret from standard input: one that somebody chose, of ${RULES}; stored by scrypt`;

/**
 * A new random secret, or, from standard input, one that somebody chose.
 * @param expires_at seconds since the epoch
 * @throws Problem for one that is too short or could not be sent in a header
 */
export async function newSecret(
  io: Io,
  options: { readonly secretStdin?: true },
  now: number,
  expires_at?: number,
): Promise<NewSecret> {
  if (!options.secretStdin) return createSecret(now, expires_at);
  const secret = await readStdin(io, 'secret', `, ${RULES}`);
  if (secret.length < MIN_LENGTH || secret.length > MAX_LENGTH || !/^[\x20-\x7e]+$/.test(secret)) {
    throw new Problem(`a secret has ${RULES}`);
  }
  return { stored: await importSecret(secret, now, expires_at) };
}

export const SHOWN_ONCE = 'This secret is shown only now: the table has but a hash of it.';
