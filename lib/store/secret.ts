import type { HashedSecret } from '../oauth/secret.ts';
import { number, object, optional, text } from './shape.ts';

/** A stored secret, as clients, resource servers and users have them. */
export const hashedSecret = object<HashedSecret>({
  secret_id: text,
  hash: text,
  created_at: number,
  expires_at: optional(number),
});
