import { createHash } from 'node:crypto';
import type { HttpRequest, HttpResponse } from './message.ts';

/** The same for everybody, so caches may store it. */
export interface PublicDocument {
  readonly body: string;
  readonly etag: string;
  /** Seconds. */
  readonly maxAge: number;
}

export function createPublicDocument(content: unknown, maxAge: number): PublicDocument {
  const body = JSON.stringify(content);
  return { body, maxAge, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` };
}

/** 304 when the caller has the document already. RFC 9110 section 13.1.2 */
export function conditionalResponse({ body, etag, maxAge }: PublicDocument, request: HttpRequest): HttpResponse {
  const headers = { 'cache-control': `public, max-age=${maxAge}`, etag };
  const known = request.header('if-none-match').flatMap((value) => value.split(','));
  const isKnown = known.some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*');
  if (isKnown) return { status: 304, headers, body: '' };
  return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body };
}
