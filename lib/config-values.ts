import { createSecretKey } from 'node:crypto';
import { decodeBase64url } from './base64url.ts';
import { algorithmNames } from './keys/algorithm.ts';
import { publicRegistryKey } from './keys/registry-key.ts';
import type { SealingKey } from './keys/sealing-key.ts';
import type { KmsKey } from './kms/signers.ts';
import { accessTokenFormats, isSelfContained, type RevocationMaxAge, revocationMaxAge } from './oauth/access-token.ts';

/** The message follows the variable's name and never quotes the value. */
export class InvalidValue extends Error {}

export const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);
export const DAY = 86_400;

const parseUrl = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

const requireSecure = (url: URL | undefined): void => {
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname))) return;
  throw new InvalidValue('must be an https URL (http is only allowed on loopback)');
};

export const parseIssuer = (text: string): string => {
  const url = parseUrl(text);
  if (!url) throw new InvalidValue('is not a URL');
  requireSecure(url);
  if (url.origin + url.pathname.replace(/\/$/, '') !== text)
    throw new InvalidValue('must have a lower-case host and no query, fragment, user information or trailing slash');
  return text;
};

export const parseHost = (text: string): string => {
  if (!/^[a-z\d-]+(\.[a-z\d-]+)+$/.test(text)) throw new InvalidValue('must be a lower-case domain name');
  return text;
};

/** Browsers load the logo from this URI. */
export const parseLogoUri = (text: string): string => {
  requireSecure(parseUrl(text));
  return text;
};

export const integerBetween = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new InvalidValue(`must be a whole number from ${min} to ${max}`);
  return value;
};

export const oneOf =
  <T extends string>(values: readonly T[]) =>
  (text: string): T => {
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) throw new InvalidValue(`must be one of ${values.join(', ')}`);
    return value;
  };

/** No part may occur twice, because one of the two would be ignored. @param nameOf what a part is about */
export const listOf =
  <T>(what: string, parse: (part: string) => T, nameOf: (part: string) => string = (part) => part) =>
  (text: string): [T, ...T[]] => {
    const [first = '', ...others] = text.split(',').map((part) => part.trim());
    const names = [first, ...others].map(nameOf);
    if (new Set(names).size < names.length) throw new InvalidValue(`names a ${what} twice`);
    return [parse(first), ...others.map(parse)];
  };

const before = (separator: string) => (part: string) => part.split(separator)[0]?.trim() ?? '';

const secret = (text: string, form: string): Buffer => {
  const bytes = decodeBase64url(text);
  if (bytes?.length !== 32) throw new InvalidValue(`must be ${form}, separated by commas`);
  return bytes;
};

export const parseSecrets = listOf('key', (part) => secret(part, 'base64url secrets of 32 bytes'));

export const parseRegistryKeys = listOf('key', (part) =>
  publicRegistryKey(secret(part, 'base64url Ed25519 public keys of 32 bytes')),
);

const parseOpeningKey = (part: string): SealingKey => {
  const [id = '', key = '', ...rest] = part.split('.');
  if (id === '' || rest.length > 0) throw new InvalidValue('must have the form ID.KEY, separated by commas');
  return { id, key: createSecretKey(secret(key, 'ID.KEY with keys of 32 bytes in base64url')) };
};

export const parseOpeningKeys = listOf('key', parseOpeningKey, before('.'));

/** A key id (of one Region, or `mrk-...`), an alias, or the ARN of either. */
const KMS_KEY = /^(arn:aws[a-z-]*:kms:[a-z\d-]+:\d{12}:(key\/[\w-]+|alias\/[\w/-]+)|alias\/[\w/-]+|[\w-]+)$/;

export const parseKmsKeyId = (text: string): string => {
  if (!KMS_KEY.test(text)) throw new InvalidValue('must be ids, aliases or ARNs of KMS keys, separated by commas');
  return text;
};

export const parseSigningKmsKey = (text: string): KmsKey => {
  const [id = '', alg, ...rest] = text.split('=');
  if (rest.length > 0) throw new InvalidValue('must have a form like alias/one,alias/two=PS256');
  return { id: parseKmsKeyId(id), ...(alg !== undefined && { alg: oneOf(algorithmNames)(alg) }) };
};

export const listOfKmsKeys = <T>(parse: (part: string) => T) => listOf('key', parse, before('='));

/** Seconds. Other self-contained formats have the value of `jwt`. */
const REVOCATION_MAX_AGE = { jwt: 5, reference: 0 };

export const parseRevocationMaxAge = (text: string): RevocationMaxAge => {
  const seconds = integerBetween(0, DAY);
  if (/^\d+$/.test(text)) {
    const age = seconds(text);
    return revocationMaxAge(() => age);
  }
  const pair = (part: string) => {
    const [format = '', age = '', ...rest] = part.split('=');
    if (rest.length > 0) throw new InvalidValue('must have a form like 5 or jwt=5,reference=0');
    return [oneOf(accessTokenFormats)(format.trim()), seconds(age.trim())] as const;
  };
  const named = new Map(listOf('format', pair, before('='))(text));
  return revocationMaxAge((format) => {
    const sameKind = isSelfContained(format) ? 'jwt' : 'reference';
    return named.get(format) ?? named.get(sameKind) ?? REVOCATION_MAX_AGE[sameKind];
  });
};
