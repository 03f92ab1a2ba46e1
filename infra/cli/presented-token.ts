// Reads tokens without any key. Nothing read here is verified.

type Json = Readonly<Record<string, unknown>>;

/** Header and claims of a JWT, as far as they can be decoded. */
export function readJwt(token: string): { header?: Json; claims?: Json } {
  const [header = '', claims = ''] = token.split('.');
  return { ...named('header', readSegment(header)), ...named('claims', readSegment(claims)) };
}

const named = <Name extends string>(name: Name, value: Json | undefined) =>
  (value ? { [name]: value } : {}) as { [N in Name]?: Json };

function readSegment(segment: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}
