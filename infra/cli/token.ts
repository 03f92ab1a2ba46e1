import { Command, Option } from 'commander';
import { systemClock } from '../../lib/clock.ts';
import { readConfig } from '../../lib/config.ts';
import { type Revocation, type RevocationKind, revokeAll } from '../../lib/oauth/revocation.ts';
import { addRevocation } from './add-revocation.ts';
import { get } from './change.ts';
import { examples, onTable, withYes } from './command.ts';
import { deployedFrom } from './disable-client.ts';
import { endGrants } from './end-grants.ts';
import type { Explanation } from './explain-token.ts';
import { type Io, readStdin } from './io.ts';
import { duration, fields, printable, time } from './output.ts';
import * as parse from './parse.ts';
import { handleNames } from './presented-handle.ts';
import { type ExitCode, UsageProblem } from './problem.ts';
import type { Store } from './store.ts';
import { moment } from './view.ts';

/** `latchkey token`: end tokens, and understand them. */
export const tokenCommand = (io: Io): Command =>
  new Command('token').addCommand(revokeCommand(io)).addCommand(explainCommand(io));

type RevokeAllKind = Exclude<RevocationKind, 'token'>;

const kinds = ['client', 'subject', 'grant', 'key', 'issuer'] as const satisfies readonly RevokeAllKind[];

type RevokeOptions = { readonly [Kind in Exclude<RevokeAllKind, 'issuer'>]?: string } & { readonly issuer?: true } & {
  readonly yes?: true;
};

const revokeCommand = (io: Io) =>
  onTable<RevokeOptions>(
    withYes(new Command('revoke'))
      .description('End one token, or all of a client, subject, grant, key, or the whole service. Can be repeated.')
      .argument('[token]', 'an access token, or the jti of one; - reads it from standard input')
      .optionsGroup('Many at once:')
      .addOption(new Option('--client <id>', 'all that this client has by now').argParser(parse.identifier))
      .addOption(new Option('--subject <sub>', 'all that are about this subject by now').argParser(parse.knownId))
      .addOption(new Option('--grant <id>', 'all of one grant (claim grant_id)').argParser(parse.knownId))
      .addOption(
        new Option(
          '--key <id>',
          'all that this key made: the kid of a JWT, or the id of a handle key or sealing key',
        ).argParser(parse.knownId),
      )
      .addOption(new Option('--issuer', 'every token of this service by now'))
      .addHelpText('after', REVOKE_HELP),
    io,
    async ({ out, open, confirm }, options, token) => {
      const { lifetime } = deployedFrom(io.env);
      const named = kinds.filter((kind) => options[kind] !== undefined);
      const [kind] = named;
      if (named.length + (token === undefined ? 0 : 1) !== 1) {
        throw new UsageProblem(`revoke what? Give a token, or one of ${kinds.map((each) => `--${each}`).join(', ')}`);
      }
      const store = await open();
      if (kind) {
        const id = await idOf(kind, options, store, io);
        if (!options.yes) await confirm(await allOf(kind, id, store));
        const entry = await revokeMany(kind, id, store, lifetime);
        out.result(entry, fields({ ...entry }));
        if (kind === 'key') {
          out.note(
            `Take the key out of the deployment before ${time(entry.expires_at)}: from then on the list names it no more.`,
          );
        }
      } else {
        const { findTokenKeys } = await import('./token-keys.ts');
        const { revokePresented } = await import('./revoke-token.ts');
        const keys = await findTokenKeys(io.env, store.local?.issuer);
        const outcome = await revokePresented(await readToken(io, token), store, keys, lifetime);
        out.result(outcome, `token ${outcome.id} ${outcome.status === 'revoked' ? 'is revoked' : outcome.status}`);
      }
      out.note('How soon an API asks is set by its REVOCATION_MAX_AGE_SECONDS and the cache of its gateway.');
    },
  );

const REVOKE_HELP = `
A token is best piped in, as the shell keeps a history of its commands. Many at once end only after a question, or with
--yes. A refresh token or a code ends with its grant: latchkey grants revoke.
--client, --subject and --issuer end what was issued until now, with the codes and refresh tokens that were given until
now; what is issued later lives. To end a client for good, disable it. --grant and --key end also what comes later. Set ACCESS_TOKEN_MAX_LIFETIME_SECONDS as it is deployed, if
that is not the default; --issuer takes the issuer from ISSUER, or from the local stack.
${examples(
  'pbpaste | latchkey token revoke - --stage prod',
  'latchkey token revoke --subject 6fJ3vZ0k4nQ',
  'latchkey token revoke --key 7w2fZ0k4nQ --stage prod --yes',
  'latchkey token revoke --issuer --local',
)}`;

async function idOf(kind: RevokeAllKind, options: RevokeOptions, store: Store, { env }: Io): Promise<string> {
  const given = options[kind];
  const id = given === true || given === undefined ? (store.local?.issuer ?? readConfig(env).get('ISSUER')) : given;
  // A mistyped id would be an entry that ends nothing, with an answer that all is well.
  if (kind === 'client') await get(store.clients, 'client', id);
  return id;
}

/** What ends, in words. */
async function allOf(kind: RevokeAllKind, id: string, store: Store): Promise<string> {
  if (kind === 'grant') return `grant ${printable(id)} and all its tokens`;
  if (kind === 'key') return `every token that key ${printable(id)} made`;
  const of = { client: { client_id: id }, subject: { sub: id }, issuer: 'all' as const }[kind];
  const whose = kind === 'issuer' ? `of the whole service ${id}` : `of ${kind} ${printable(id)}`;
  return `${await store.countGrants(of)} and all tokens ${whose}`;
}

async function revokeMany(kind: RevokeAllKind, id: string, store: Store, lifetime: number): Promise<Revocation> {
  const now = store.clock();
  await endGrants(store, kind, id, now);
  return addRevocation(store.revocations, revokeAll(kind, id, { now, lifetime }));
}

const explainCommand = (io: Io) =>
  onTable<{ audience?: string }>(
    new Command('explain')
      .description('What a token is, and everything that speaks against it. Shows neither the token nor a secret.')
      .argument('<token>', 'an access token; - reads it from standard input')
      .option('--audience <aud>', 'the API it is shown to (default: AUDIENCE; otherwise not checked)', parse.name)
      .addHelpText('after', EXPLAIN_HELP),
    io,
    async ({ out, openIfNamed, exitWith }, options, token) => {
      const { findTokenKeys } = await import('./token-keys.ts');
      const { explainToken } = await import('./explain-token.ts');
      const presented = await readToken(io, token);
      const config = readConfig(io.env);
      const clockSkew = config.get('CLOCK_SKEW_SECONDS');
      const maxLifetime = config.get('ACCESS_TOKEN_MAX_LIFETIME_SECONDS');
      const store = await openIfNamed();
      const clock = store?.clock ?? systemClock;
      const keys = await findTokenKeys(io.env, store?.local?.issuer);
      const audience = options.audience ?? config.find('AUDIENCE');
      const explanation = await explainToken(presented, { ...keys, store, clock, clockSkew, maxLifetime, audience });
      out.result(explanation, explanationText(explanation, clock(), audience));
      exitWith(exitCodes[explanation.verdict]);
    },
  );

/** Not 0 where nothing speaks against it but not all could be checked: a script must not take that for a yes. */
const exitCodes = { accepted: 0, refused: 1, undecided: 3 } as const satisfies Record<Explanation['verdict'], ExitCode>;

const EXPLAIN_HELP = `
Checks as far as it is told what with: ISSUER, VERIFICATION_KEYS (otherwise asked of the issuer), HANDLE_KEYS,
DECRYPTION_KEYS and SEALING_KEYS from the environment, CLOCK_SKEW_SECONDS (default 0), and the table for reference tokens and revocations. What could not be
checked is listed. The exit code is 0 for accepted, 1 for refused, 3 for undecided; 1 also where nothing could be found out,
with a message on standard error.
${examples('pbpaste | latchkey token explain - --audience orders', 'latchkey token explain "$TOKEN" --stage prod --json')}`;

const readToken = async (io: Io, token = '-'): Promise<string> =>
  (token === '-' ? await readStdin(io, 'token') : token).trim();

function explanationText(explanation: Explanation, now: number, audience: string | undefined): string {
  const { verdict, reasons, not_checked, format, kind, header, key, claims, claims_verified, revoked_by } = explanation;
  const shown = Object.entries(claims ?? {}).map(([name, value]) => [
    name,
    (name === 'iat' || name === 'exp') && typeof value === 'number' ? moment(value, now) : value,
  ]);
  const by = revoked_by.map(({ kind, id, revoked_at }) => `${kind} ${id} at ${time(revoked_at)}`);
  const summary = fields({
    verdict: audience === undefined ? verdict : `${verdict} at ${audience}`,
    because: reasons.length > 0 ? `it ${reasons.join('; it ')}` : undefined,
    'not checked': not_checked.length > 0 ? not_checked.join('; ') : undefined,
    format: kind ? undefined : (format ?? 'none'),
    'it is': kind && handleNames[kind],
    grant: explanation.grant_id,
    'grant status': explanation.grant_status,
    alg: header?.['alg'],
    typ: header?.['typ'],
    key,
    'revoked by': by.length > 0 ? by.join('; ') : undefined,
    'expires in': remaining(explanation.expires_in),
  });
  if (!claims) return summary;
  const heading = claims_verified ? 'claims' : 'claims, which nothing proves';
  return `${summary}\n\n${heading}\n${fields(Object.fromEntries(shown)).replace(/^/gm, '  ')}`;
}

const remaining = (seconds: number | undefined) =>
  seconds === undefined ? undefined : seconds > 0 ? duration(seconds) : `expired ${duration(seconds)} ago`;
