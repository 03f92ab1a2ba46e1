import { type Command, InvalidArgumentError } from 'commander';
import { whyNotMemberships } from '../../lib/oauth/membership.ts';
import type { UserClaims } from '../../lib/oauth/user.ts';
import { userClaimNames } from '../../lib/users/claims.ts';
import { name as anyText, membership } from './parse.ts';
import { webUri } from './uri.ts';
import { UsageProblem } from './usage-problem.ts';

// The claims of a user, as options: one for each standard claim. OpenID Connect Core section 5.1

/** Options by their attribute names in commander. */
export type ClaimOptions = Readonly<Record<string, unknown>>;

const VERIFIED = '_verified';

/** The one claim that is set here and not by an option. */
const UPDATED = 'updated_at';

/** Options that are repeated, by claim. */
const lists = new Map<string, string>([
  ['groups', 'group'],
  ['roles', 'role'],
]);

const texts = userClaimNames.filter((claim) => claim !== UPDATED && !claim.endsWith(VERIFIED) && !lists.has(claim));
const verified = userClaimNames.filter((claim) => claim.endsWith(VERIFIED));

function matching(pattern: RegExp, problem: string) {
  return (text: string) => {
    if (pattern.test(text)) return text;
    throw new InvalidArgumentError(problem);
  };
}

function locale(text: string): string {
  try {
    return new Intl.Locale(text).toString();
  } catch {
    throw new InvalidArgumentError('A locale looks like en or de-CH.');
  }
}

/** Parsers for claims that cannot be any text. */
const parsers: Readonly<Record<string, (text: string) => unknown>> = {
  email: matching(/^[^\s@]+@[^\s@]+$/, 'An email address looks like alice@example.com.'),
  phone_number: matching(/^\+[\d ()-]{3,30}(;ext=\d+)?$/, 'A phone number looks like +1 425 555 1212 (E.164).'),
  birthdate: matching(
    /^(\d{4}(-\d\d-\d\d)?|0000-\d\d-\d\d)$/,
    'A birthdate looks like 1984-01-31, 1984 or, without the year, 0000-01-31.',
  ),
  zoneinfo: matching(/^[A-Za-z_+-]+(\/[\w+-]+)*$/, 'A time zone looks like Europe/Paris.'),
  locale,
  profile: webUri,
  picture: webUri,
  website: webUri,
  address: (formatted) => ({ formatted: anyText(formatted) }),
};

const parserOf =
  (claim: string) =>
  (text: string): unknown =>
    text === '' ? text : (parsers[claim] ?? anyText)(text);

const kebab = (claim: string) => claim.replaceAll('_', '-');
const optionOf = (claim: string) => claim.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** An empty value removes all before it. */
const collect = (text: string, before: readonly string[] = []) =>
  text === '' ? [] : [...new Set([...before, membership(text)])];

const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0;

export function withClaims(command: Command): Command {
  command.optionsGroup("Claims, which clients get according to the scope (an empty value '' removes a claim):");
  for (const claim of texts) command.option(`--${kebab(claim)} <text>`, `claim ${claim}`, parserOf(claim));
  for (const claim of verified) {
    command
      .option(`--${kebab(claim)}`, `set the claim ${claim} to true`)
      .option(`--no-${kebab(claim)}`, `set the claim ${claim} to false`);
  }
  for (const [claim, option] of lists) {
    command.option(
      `--${option} <name>`,
      `${option} of the user, for the scope ${claim}; repeatable, replaces those of before`,
      collect,
    );
  }
  return command.optionsGroup('Options:');
}

export const hasClaimOptions = (options: ClaimOptions): boolean =>
  [...[...texts, ...verified].map(optionOf), ...lists.values()].some((option) => options[option] !== undefined);

/**
 * The claims with the options applied. A new value is not verified, so its `_verified` claim is dropped. @throws UsageProblem for too
 * many groups or roles
 */
export function withClaimChanges(claims: UserClaims, options: ClaimOptions, now: number): UserClaims {
  const next: Record<string, unknown> = { ...claims };
  for (const claim of texts) {
    const value = options[optionOf(claim)];
    if (value === undefined) continue;
    if (value !== next[claim]) delete next[claim + VERIFIED];
    next[claim] = value;
  }
  for (const claim of verified) next[claim] = options[optionOf(claim)] ?? next[claim];
  for (const [claim, option] of lists) next[claim] = options[option] ?? next[claim];
  const problem = whyNotMemberships(next);
  if (problem !== undefined) throw new UsageProblem(`groups and roles ${problem}`);
  const present = Object.entries(next).filter(
    ([, value]) => value !== '' && value !== undefined && !isEmptyList(value),
  );
  return { ...Object.fromEntries(present), [UPDATED]: now };
}
