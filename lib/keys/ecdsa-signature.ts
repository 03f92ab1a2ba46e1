/** OpenSSL's DER, `SEQUENCE { INTEGER r, INTEGER s }`, and JOSE's `r || s`. RFC 3279 section 2.2.3, RFC 7518 section 3.4 */

/** @param bytes of `r` and of `s`: at most 66, so that a DER length takes two bytes at most */
export function derToJose(der: Buffer, bytes: number): Buffer {
  const jose = Buffer.alloc(2 * bytes);
  // The sequence's length takes a second byte (0x81) from 128 on, which two integers of P-521 reach.
  let at = der[1] === 0x81 ? 3 : 2;
  for (const end of [bytes, 2 * bytes]) {
    const length = der[at + 1] ?? 0;
    const start = at + 2;
    at = start + length;
    // DER integers are signed and minimal: a leading zero keeps them positive, short ones are not padded.
    const digits = der.subarray(start + Math.max(0, length - bytes), at);
    digits.copy(jose, end - digits.length);
  }
  return jose;
}

/** @param jose exactly `2 * bytes` long */
export function joseToDer(jose: Buffer, bytes: number): Buffer {
  // Written from its end, because each length is known only after what it counts.
  const der = Buffer.allocUnsafe(2 * bytes + 9);
  let at = der.length;
  for (const end of [2 * bytes, bytes]) {
    let from = end - bytes;
    while (from < end - 1 && jose[from] === 0) from++;
    let length = end - from;
    at -= length;
    jose.copy(der, at, from, end);
    if ((jose[from] ?? 0) >= 0x80) {
      der[--at] = 0;
      length++;
    }
    der[--at] = length;
    der[--at] = 2;
  }
  const length = der.length - at;
  der[--at] = length;
  if (length >= 128) der[--at] = 0x81;
  der[--at] = 0x30;
  return der.subarray(at);
}
