import { createHash } from 'node:crypto';
import type { Request, Response } from './message.ts';

/** A public document: the same for everyone, so that caches may keep it and ask whether it has changed. */
export interface Document {
  readonly body: string;
  readonly etag: string;
  /** Seconds. */
  readonly maxAge: number;
}

export function createDocument(content: unknown, maxAge: number): Document {
  const body = JSON.stringify(content);
  return { body, maxAge, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

/** The document, or 304 for whoever has it already. RFC 9110 section 13.1.2. */
export function respondWith({ body, etag, maxAge }: Document, request: Request): Response {
  const headers = { 'cache-control': `public, max-age=${maxAge}`, etag };
  const known = request.header('if-none-match').flatMap((value) => value.split(','));
  const isKnown = known.some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*');
  if (isKnown) return { status: 304, headers, body: '' };
  return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body };
}
