import { createSecretKey } from 'node:crypto';
import { algorithmNames } from './keys/algorithm.ts';
import { parseKeys } from './keys/jwk.ts';
import type { KmsKey } from './keys/kms-signer.ts';
import type { SealingKey } from './keys/sealing-key.ts';
import { accessTokenFormats, isSelfContained, type RevocationMaxAge, revocationMaxAge } from './oauth/access-token.ts';
import { decodeBase64url } from './oauth/base64url.ts';

// How the text of a variable is read: each takes the text, and gives its value or throws `Invalid`.

/** What is wrong with a value: the message goes behind the name of its variable, and never quotes it. */
export class Invalid extends Error {}

export const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
export const DAY = 86_400;

export const issuer = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw new Invalid('is not a URL');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.has(url.hostname))) {
    throw new Invalid('must be an https URL (http is for loopback)');
  }
  const canonical = url.origin + url.pathname.replace(/\/$/, '');
  if (canonical !== text)
    throw new Invalid('must have no query, fragment, user or trailing slash, and lower-case host');
  return text;
};

export const integer = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new Invalid(`must be a whole number from ${min} to ${max}`);
  return value;
};

export const oneOf =
  <T extends string>(values: readonly T[]) =>
  (text: string): T => {
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) throw new Invalid(`must be one of ${values.join(', ')}`);
    return value;
  };

const secret = (text: string, form = 'base64url secrets of 32 bytes'): Buffer => {
  const bytes = decodeBase64url(text);
  if (bytes?.length !== 32) throw new Invalid(`must be ${form}, separated by commas`);
  return bytes;
};

export const secrets = (text: string): [Buffer, ...Buffer[]] => {
  const [first, ...others] = text.split(',').map((part) => secret(part.trim()));
  if (!first) throw new Invalid('is empty');
  return [first, ...others];
};

export const openingKeys = (text: string): SealingKey[] =>
  text.split(',').map((part) => {
    const [id = '', key = '', ...rest] = part.trim().split('.');
    if (id === '' || rest.length > 0) throw new Invalid('must read like ID.KEY, separated by commas');
    return { id, key: createSecretKey(secret(key, 'ID.KEY with keys of 32 bytes in base64url')) };
  });

/** Key id (of one region, or `mrk-`), alias, or the ARN of either. */
const KMS_KEY = /^(arn:aws[a-z-]*:kms:[a-z\d-]+:\d{12}:(key\/[\w-]+|alias\/[\w/-]+)|alias\/[\w/-]+|[\w-]+)$/;

export const kmsKeyId = (text: string): string => {
  if (!KMS_KEY.test(text)) throw new Invalid('must be ids, aliases or ARNs of KMS keys, separated by commas');
  return text;
};

export const kmsKeys =
  <T>(parse: (text: string) => T) =>
  (text: string): [T, ...T[]] => {
    const parts = text.split(',').map((part) => part.trim());
    const ids = parts.map((part) => part.split('=')[0]);
    if (new Set(ids).size < ids.length) throw new Invalid('names a key twice');
    const [first, ...others] = parts.map(parse);
    if (first === undefined) throw new Invalid('is empty');
    return [first, ...others];
  };

export const signingKmsKey = (text: string): KmsKey => {
  const [id = '', alg, ...rest] = text.split('=');
  if (rest.length > 0) throw new Invalid('must read like alias/one,alias/two=PS256');
  return { id: kmsKeyId(id), ...(alg !== undefined && { alg: oneOf(algorithmNames)(alg) }) };
};

/** Those of a format that is not named: what holds its claims itself goes with `jwt`. */
const REVOCATION_MAX_AGE = { jwt: 5, reference: 0 };

export const readRevocationMaxAge = (text: string): RevocationMaxAge => {
  const seconds = integer(0, DAY);
  if (/^\d+$/.test(text)) {
    const age = seconds(text);
    return revocationMaxAge(() => age);
  }
  const named = new Map(
    text.split(',').map((part) => {
      const [format = '', age = '', ...rest] = part.split('=');
      if (rest.length > 0) throw new Invalid('must read like 5 or jwt=5,reference=0');
      return [oneOf(accessTokenFormats)(format.trim()), seconds(age.trim())];
    }),
  );
  return revocationMaxAge((format) => {
    const sameKind = isSelfContained(format) ? 'jwt' : 'reference';
    return named.get(format) ?? named.get(sameKind) ?? REVOCATION_MAX_AGE[sameKind];
  });
};

export const nonEmpty = (text: string) => text;

/** A picture that browsers load; none where it is empty. */
export const logoUri = (text: string): string | undefined => {
  if (text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSecure = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.has(url.hostname));
  if (!isSecure) throw new Invalid('must be an https URL (http is for loopback)');
  return text;
};

export const keys = (type: 'private' | 'public') => (text: string) => parseKeys(text, type);

/** A list that may be absent, and is empty then. */
export const optional = <Item>(parse: (text: string) => readonly Item[]) => ({
  parse: (text: string): readonly Item[] => (text === '' ? [] : parse(text)),
  default: '',
});
