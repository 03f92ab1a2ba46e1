import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { authenticationMethods } from '../../lib/client-authentication/methods.ts';
import { grantTypes } from '../../lib/grants/grant-types.ts';
import { type AlgorithmName, algorithmNames } from '../../lib/keys/algorithm.ts';
import { parseEncryptionKey } from '../../lib/keys/encryption-key.ts';
import { KeyError } from '../../lib/keys/jwk.ts';
import { type AccessTokenFormatName, accessTokenTyps } from '../../lib/oauth/access-token.ts';
import { isIdentifier, isNewIdentifier } from '../../lib/oauth/identifier.ts';
import { isMembershipName, MAX_MEMBERSHIP_LENGTH } from '../../lib/oauth/membership.ts';
import type { EncryptionJwk } from '../../lib/oauth/resource-server.ts';
import { responseModes } from '../../lib/oauth/response-type.ts';
import { parseScope } from '../../lib/oauth/scope.ts';
import { explanations } from '../../lib/tokens/explanations.ts';
import { isUnicode } from '../../lib/unicode.ts';

// Parsers for option values and arguments. Each throws InvalidArgumentError, which is a usage error.

/** Longest lifetime of an access token, in seconds. */
export const MAX_LIFETIME = 86_400;

/** The value that removes a setting from a record. */
export const DEFAULT = 'default';

const DAY = 86_400;
const SECONDS = new Map([
  ['', 1],
  ['s', 1],
  ['m', 60],
  ['h', 3_600],
  ['d', DAY],
]);

/** The id of an existing record. Trims white space that was pasted along. */
export function identifier(text: string): string {
  const id = text.trim();
  if (isIdentifier(id)) return id;
  throw new InvalidArgumentError('An id has 1 to 255 ASCII characters without "#" and control characters.');
}

/** The rules for new ids, for help texts. */
export const ID_RULES =
  'up to 255 visible ASCII characters without "#", beginning with a letter, digit or _, not ending with punctuation';

/** What a new id is like, as a sentence. */
export const NEW_ID =
  'An id begins with a letter, a digit or _, does not end with punctuation such as . , : or ?, and has no space and no . or .. between slashes.';

/** The id of a new record. Stricter than for existing records, which may have ids from earlier versions. */
export function newIdentifier(text: string): string {
  if (isNewIdentifier(identifier(text))) return identifier(text);
  throw new InvalidArgumentError(NEW_ID);
}

export const identifiers = (text: string, before: readonly string[] = []): string[] => [
  ...new Set([...before, identifier(text)]),
];

/** Any text that a claim can hold. */
export function name(text: string): string {
  if (text !== '' && text.length <= 255 && !/\p{Cc}/u.test(text) && isUnicode(text)) return text;
  throw new InvalidArgumentError('The value has 1 to 255 characters and no control characters.');
}

/** A group or role. */
export function membership(text: string): string {
  if (isMembershipName(text) && isUnicode(text)) return text;
  throw new InvalidArgumentError(
    `A group or role has 1 to ${MAX_MEMBERSHIP_LENGTH} characters and no control characters.`,
  );
}

/** The id of an existing subject, grant or key. */
export const knownId = (text: string): string => name(text.trim());

/** A new audience. Unlike an id, it may contain `#` and characters outside ASCII. */
export function newAudience(text: string): string {
  const audience = name(text);
  if (audience === audience.trim() && !/^[-=+@]|[.,;:!?]$/.test(audience)) return audience;
  throw new InvalidArgumentError(
    'An audience has no space around it, does not begin with - = + or @, and does not end with punctuation such as . or ,',
  );
}

/** The username of a new user. */
export function newUsername(text: string): string {
  if (!/^[-=@]|[.,;:]$/.test(username(text))) return text;
  throw new InvalidArgumentError('A username does not begin with - = or @, and does not end with . , ; or :.');
}

/** A username or a subject. */
export function username(text: string): string {
  const isTidy = text === text.trim() && text === text.normalize('NFC');
  if (isTidy && text !== '' && text.length <= 255 && !/[\p{Cc}\p{Cf}]/u.test(text) && isUnicode(text)) return text;
  throw new InvalidArgumentError('A username has 1 to 255 characters, no control characters and no space around it.');
}

/** The username or subject of an existing user. Trims white space that was pasted along. */
export const knownUser = (text: string): string => username(text.trim());

/** Scope tokens separated by spaces, without duplicates; empty = none. */
export function scope(text: string): string {
  if (text === '') return '';
  try {
    return parseScope(text).join(' ');
  } catch {
    throw new InvalidArgumentError(
      'A scope is a list of names in visible ASCII characters without " and \\, separated by single spaces.',
    );
  }
}

export function lifetime(text: string): number {
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds >= 1 && seconds <= MAX_LIFETIME) return seconds;
  throw new InvalidArgumentError(`A lifetime is a whole number of seconds from 1 to ${MAX_LIFETIME}.`);
}

/** How many items to show. */
export function count(text: string): number {
  const items = Number(text);
  if (/^\d{1,9}$/.test(text) && items >= 1) return items;
  throw new InvalidArgumentError('A count is a whole number of 1 or more.');
}

/** A span of time in seconds: `90`, `90s`, `45m`, `12h`, `30d`. */
export function span(text: string): number {
  const [, count, unit] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? [];
  const seconds = Number(count) * (SECONDS.get(unit ?? '') ?? 0);
  if (seconds >= 1 && seconds <= 3_650 * DAY) return seconds;
  throw new InvalidArgumentError('A time span looks like 90s, 45m, 12h or 30d, and is at most 3650d.');
}

const choice =
  <T extends string>(values: readonly T[]) =>
  (text: string): T => {
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) throw new InvalidArgumentError(`The value must be one of ${values.join(', ')}.`);
    return value;
  };

/** A parser for a repeatable option: collects values without duplicates. `default` removes them all. */
export const listOf =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[] | typeof DEFAULT = []): readonly T[] | typeof DEFAULT =>
    text === DEFAULT ? DEFAULT : [...new Set([...(before === DEFAULT ? [] : before), parse(text)])];

const formats = Object.keys(explanations) as AccessTokenFormatName[];

export const format = choice(formats);

export const signingAlg = choice(algorithmNames);

export const signingAlgs = (text: string, before: readonly AlgorithmName[] = []): AlgorithmName[] => [
  ...new Set([...before, signingAlg(text)]),
];

export const typNames = accessTokenTyps.join(', ');
export const typ = choice(accessTokenTyps);

/** OAuth 2.0 Multiple Response Type Encoding Practices, section 5 */
const responseTypes = ['code', 'code id_token', 'code token', 'code id_token token', 'id_token', 'id_token token'];
export const responseTypeNames = responseTypes.join(', ');
export const responseType = choice(responseTypes);

export const responseModeNames = responseModes.join(', ');
export const responseMode = choice(responseModes);

/** Longest reuse interval of refresh tokens, in seconds. */
export const MAX_REUSE_INTERVAL = 300;

export function reuseInterval(text: string): number {
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds <= MAX_REUSE_INTERVAL) return seconds;
  throw new InvalidArgumentError(`The interval is a whole number of seconds from 0 to ${MAX_REUSE_INTERVAL}.`);
}

/** Reads a public key from a file. @returns the key as records store it */
export function encryptionKey(path: string): EncryptionJwk {
  try {
    return parseEncryptionKey(readFileSync(path, 'utf8')).jwk;
  } catch (error) {
    if (error instanceof KeyError) throw new InvalidArgumentError(`In ${path}, ${error.message}.`);
    throw new InvalidArgumentError(`The file ${path} cannot be read.`);
  }
}

/** The values of `--format`, for help texts. */
export const formatNames = formats.join(', ');

/** What each of them is, for the end of a help text. */
export const formatHelp = [
  '\nAccess token formats:',
  ...formats.map((name) => `  ${name.padEnd(14)} ${explanations[name].description}`),
].join('\n');

export const authMethods = authenticationMethods.map(({ name }) => name);

export const authMethod = choice(authMethods);

const grantType = choice([...grantTypes.keys()]);

export const grantTypeNames = (text: string, before: readonly string[] = []): string[] => [
  ...new Set([...before, grantType(text)]),
];

/** A parser that also accepts `default`, which removes the setting. */
export const orDefault =
  <T>(parse: (text: string) => T) =>
  (text: string): T | typeof DEFAULT =>
    text === DEFAULT ? DEFAULT : parse(text);

/** The value of a setting after an option was applied. */
export const chosen = <T>(option: T | typeof DEFAULT | undefined, before: T | undefined): T | undefined =>
  option === DEFAULT ? undefined : (option ?? before);

export const tableName = matching(/^[\w.-]{3,255}$/, 'A table name has 3 to 255 letters, digits, "_", "." and "-".');
export const stageName = matching(
  /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/,
  'A stage name has 1 to 64 letters, digits and "-", and does not begin with "-".',
);
export const port = matching(/^[1-9]\d{0,4}$/, 'A port is a number from 1 to 65535.');
export const region = matching(/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/, 'A region looks like eu-west-1.');

function matching(pattern: RegExp, problem: string): (text: string) => string {
  return (text) => {
    if (!pattern.test(text)) throw new InvalidArgumentError(problem);
    return text;
  };
}
