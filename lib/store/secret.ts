import type { HashedSecret } from '../oauth/hashed-secret.ts';
import { number, object, optional, text } from './shape.ts';

export const hashedSecret = object<HashedSecret>({
  secret_id: text,
  hash: text,
  created_at: number,
  expires_at: optional(number),
});
