/**
 * ECDSA signatures in their two encodings: OpenSSL's DER, `SEQUENCE { INTEGER r, INTEGER s }`, and JOSE's `r || s`, each
 * as long as the curve's order. RFC 3279 section 2.2.3, RFC 7518 section 3.4.
 */

/** @param bytes the length of `r` and of `s`, in bytes: at most 66, so that a DER length takes two bytes at most */
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
  const r = integer(jose, 0, bytes);
  const s = integer(jose, bytes, 2 * bytes);
  const length = r.length + s.length + 4;
  const header = length < 128 ? [0x30, length] : [0x30, 0x81, length];
  return Buffer.concat([Buffer.from([...header, 2, r.length]), r, Buffer.from([2, s.length]), s]);
}

function integer(jose: Buffer, start: number, end: number): Buffer {
  let from = start;
  while (from < end - 1 && jose[from] === 0) from++;
  const digits = jose.subarray(from, end);
  return (digits[0] ?? 0) < 0x80 ? digits : Buffer.concat([Buffer.of(0), digits]);
}
