// Signatures over digests, as KMS makes them. node:crypto signs only messages, as it would hash a digest again, so the last
// step of each scheme is implemented here.
import { constants, createHash, type KeyObject, privateEncrypt, randomBytes, sign } from 'node:crypto';
import type { SignEcdsa } from './ecdsa.ts';
import { validation } from './kms-error.ts';

const MAX_RAW_BYTES = 4096;

/** The DER prefix of a DigestInfo, by hash. RFC 8017 section 9.2 note 1. */
const digestInfo = new Map([
  ['sha256', '3031300d060960864801650304020105000420'],
  ['sha384', '3041300d060960864801650304020205000430'],
  ['sha512', '3051300d060960864801650304020305000440'],
]);

/** @throws KmsError ValidationException for a message or digest of the wrong size */
export function signAs(
  algorithm: string,
  key: KeyObject,
  type: 'RAW' | 'DIGEST',
  message: Buffer,
  signEcdsa: SignEcdsa,
): Buffer {
  if (message.length === 0 || (type === 'RAW' && message.length > MAX_RAW_BYTES)) {
    throw validation(`Value at 'message' failed to satisfy constraint: Member must have length 1 to ${MAX_RAW_BYTES}`);
  }
  if (algorithm === 'ED25519_SHA_512') {
    if (type !== 'RAW') throw validation('Algorithm ED25519_SHA_512 requires message type RAW.');
    return sign(null, message, key);
  }
  const hash = `sha${algorithm.slice(-3)}`;
  const digest = type === 'RAW' ? createHash(hash).update(message).digest() : message;
  if (digest.length !== Number(algorithm.slice(-3)) / 8) {
    throw validation(`Digest is invalid length for algorithm ${algorithm}.`);
  }
  if (algorithm.startsWith('ECDSA_')) return signEcdsa(key, digest);
  if (algorithm.startsWith('RSASSA_PSS_')) {
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encodePss(hash, digest, bits - 1));
  }
  const encoded = Buffer.concat([Buffer.from(digestInfo.get(hash) ?? '', 'hex'), digest]);
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, encoded);
}

/** EMSA-PSS with a salt as long as the digest. RFC 8017 section 9.1.1; `encodedBits` is the bit length of the modulus less 1. */
function encodePss(hash: string, digest: Buffer, encodedBits: number): Buffer {
  const length = Math.ceil(encodedBits / 8);
  const salt = randomBytes(digest.length);
  const h = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const data = Buffer.alloc(length - h.length - 1);
  data[data.length - salt.length - 1] = 1;
  salt.copy(data, data.length - salt.length);
  const mask = mgf1(hash, h, data.length);
  for (let index = 0; index < data.length; index++) data[index] = (data[index] ?? 0) ^ (mask[index] ?? 0);
  data[0] = (data[0] ?? 0) & (0xff >> (8 * length - encodedBits));
  return Buffer.concat([data, h, Buffer.of(0xbc)]);
}

/** RFC 8017 appendix B.2.1. */
function mgf1(hash: string, seed: Buffer, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0; Buffer.concat(blocks).length < length; counter++) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    blocks.push(createHash(hash).update(seed).update(number).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}
