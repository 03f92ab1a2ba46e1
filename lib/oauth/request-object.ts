import { decodeBase64url } from '../base64url.ts';
import { parseJsonText } from '../unicode.ts';

const NOTHING: ReadonlyMap<string, string> = new Map();

/**
 * The textual claims of a request object, unverified. Request objects are always refused, and these say only how the refusal travels,
 * which anybody could also say in the query. Empty for one that is absent, encrypted or malformed. OpenID Connect Core section 6.1
 */
export function readRefusedRequestObject(request: string | undefined): ReadonlyMap<string, string> {
  const [, payload, , ...others] = request?.split('.') ?? [];
  if (payload === undefined || others.length > 0) return NOTHING;
  const claims = parse(decodeBase64url(payload)?.toString() ?? '');
  if (typeof claims !== 'object' || claims === null) return NOTHING;
  return new Map(Object.entries(claims).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function parse(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch {
    return undefined;
  }
}
