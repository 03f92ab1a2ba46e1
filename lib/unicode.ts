/**
 * Half of a surrogate pair is no Unicode text. JSON can escape one (RFC 8259 section 8.2), and so can JWTs; a table may refuse or
 * change it. @param value as parsed from JSON: members and their names count as well
 */
export function isUnicode(value: unknown): boolean {
  // Without recursion, which a text with thousands of brackets would exhaust.
  const found = [value];
  for (const one of found) {
    if (typeof one === 'string' && !one.isWellFormed()) return false;
    if (typeof one !== 'object' || one === null) continue;
    for (const [name, member] of Object.entries(one)) found.push(name, member);
  }
  return true;
}

/** Of text from outside, before a part of it can become a key. @throws SyntaxError */
export function parseJsonText(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // Without an escape, the parts of a Unicode text are Unicode.
  const mayHaveHalf = text.includes('\\u') || !text.isWellFormed();
  if (mayHaveHalf && !isUnicode(value)) throw new SyntaxError('the JSON holds text that is not Unicode');
  return value;
}

/** What a hook returned. @throws TypeError which is a fault */
export function requireUnicode<Value>(value: Value, hook: string): Value {
  if (!isUnicode(value)) throw new TypeError(`${hook} returned text that is not Unicode`);
  return value;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * What a hook returned, as JSON can say it, so that it means the same in every token and answer; null and undefined = nothing.
 * @throws TypeError which is a fault
 */
export function requireJsonObject(value: unknown, hook: string): Json {
  const json: unknown = JSON.parse(toJson(value ?? {}, hook));
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new TypeError(`${hook} returned something else than an object`);
  }
  if (!isUnicode(json)) throw new TypeError(`${hook} returned text that is not Unicode`);
  return json as Json;
}

/** @throws TypeError for a circle or a number that JSON does not have, without a word of the value */
function toJson(value: unknown, hook: string): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    throw new TypeError(`${hook} returned something that is not JSON`);
  }
}
