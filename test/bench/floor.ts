import { hash, timingSafeEqual } from 'node:crypto';
import type { ProxyEvent } from '../../lib/http/proxy-event.ts';
import { SECRET } from '../support/world.ts';

// The least that a handler of this kind can do, none of it checked: what the handlers are measured against.

const EXPECTED = hash('sha256', SECRET, 'buffer');

/** Reads the form and the caller's credentials, and checks the secret. */
export function parseAndCheckSecret(event: ProxyEvent): { id: string; form: URLSearchParams } {
  const form = new URLSearchParams(Buffer.from(event.body ?? '', 'base64').toString());
  const credentials = Buffer.from(event.headers['authorization']?.slice('Basic '.length) ?? '', 'base64').toString();
  const [id = '', secret = ''] = credentials.split(':').map(decodeURIComponent);
  if (!timingSafeEqual(hash('sha256', secret, 'buffer'), EXPECTED)) throw new Error('the floor is broken');
  return { id, form };
}

export const answer = (body: unknown) => ({
  statusCode: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify(body),
});
