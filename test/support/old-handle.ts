import { createHash, createHmac } from 'node:crypto';
import type { HandleKind } from '../../lib/oauth/handle.ts';

const prefixes: Readonly<Record<HandleKind, string>> = {
  reference_token: 'lk_at_',
  code: 'lk_ac_',
  refresh_token: 'lk_rt_',
  session: 'lk_ss_',
  page: 'lk_pg_',
};

/** A handle as version 0.1.0 made it: with one key for all kinds, and with the id itself. */
export function oldHandle(kind: HandleKind, issuer: string, secret: Buffer, id: string): string {
  const key = createHash('sha256').update('latchkey handle key id\0').update(secret).digest().subarray(0, 4);
  const generation = Buffer.alloc(kind === 'refresh_token' ? 4 : 0);
  const content = Buffer.concat([key, Buffer.from(id, 'base64url'), generation]);
  const mac = createHmac('sha256', secret).update(`${kind}\0${issuer}\0`).update(content).digest().subarray(0, 16);
  return prefixes[kind] + Buffer.concat([content, mac]).toString('base64url');
}
