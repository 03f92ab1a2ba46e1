import { isUtf8 } from 'node:buffer';
import { decodeBase64url } from '../base64url.ts';
import { InvalidToken } from '../oauth/errors.ts';
import { parseJsonText } from '../unicode.ts';

// What JWS and JWE have in common. RFC 7515 section 7.1, RFC 7516 section 7.1

export type Json = Readonly<Record<string, unknown>>;

/** A JWS has three, a JWE five. RFC 7516 section 9 */
export function hasSegments(token: string, count: number): boolean {
  let dots = 0;
  for (let at = token.indexOf('.'); at >= 0 && dots < count; at = token.indexOf('.', at + 1)) dots++;
  return dots === count - 1;
}

/** @throws InvalidToken naming the part */
export function decodeJson(segment: string, part: string): Json {
  const bytes = decodeBase64url(segment);
  if (!bytes) throw new InvalidToken(`has a ${part} that is not base64url`);
  return parseJson(bytes, part);
}

/** Exactly as `JSON.stringify` writes it, because only this service makes these tokens. @throws InvalidToken naming the part */
export function parseJson(bytes: Buffer, part: string): Json {
  if (!isUtf8(bytes)) throw new InvalidToken(`has a ${part} that is not UTF-8`);
  const text = bytes.toString();
  const json = parse(text);
  if (typeof json !== 'object' || json === null || Array.isArray(json) || JSON.stringify(json) !== text) {
    throw new InvalidToken(`has a ${part} that is not a JSON object as this service writes it`);
  }
  return json as Json;
}

function parse(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch {
    return undefined;
  }
}
