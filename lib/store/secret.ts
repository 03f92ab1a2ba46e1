import type { HashedSecret } from '../oauth/hashed-secret.ts';
import { boolean, number, object, optional, text } from './shape.ts';

export const hashedSecret = object<HashedSecret>({
  secret_id: text,
  hash: text,
  created_at: number,
  expires_at: optional(number),
  looks_encoded: optional(boolean),
});
