import { Command, Option } from 'commander';
import { systemClock } from '../../lib/clock.ts';
import { readConfig } from '../../lib/config.ts';
import { KEY_REGISTRY } from '../../lib/key-registry/store.ts';
import { createRevocation, type Revocation, type RevocationKind } from '../../lib/oauth/revocation.ts';
import { lastTokenExpiry } from '../../lib/revocation/revoke-grant.ts';
import { demoApis } from '../demo-apis.ts';
import { addRevocation } from './add-revocation.ts';
import { get } from './change.ts';
import { examples, withTableAction, withYes } from './command.ts';
import { HOW_SOON, RUN_AGAIN, readDeployedSettings } from './disable-client.ts';
import type { Explanation } from './explain-token.ts';
import { type Io, readStdin } from './io.ts';
import { serviceEnvironment } from './local-stack.ts';
import { duration, fields, printable, time } from './output.ts';
import * as parse from './parse.ts';
import { handleNames } from './presented-handle.ts';
import { revokeGrants } from './revoke-grants.ts';
import type { Store } from './store.ts';
import { type ExitCode, UsageProblem } from './usage-problem.ts';
import { moment } from './view.ts';

/** `latchkey token`: revokes and explains tokens. */
export const tokenCommand = (io: Io): Command =>
  new Command('token').addCommand(revokeCommand(io)).addCommand(explainCommand(io));

type RevokeAllKind = Exclude<RevocationKind, 'consent' | 'session' | 'token'>;

const kinds = ['client', 'subject', 'grant', 'key', 'issuer'] as const satisfies readonly RevokeAllKind[];

type RevokeOptions = { readonly [Kind in Exclude<RevokeAllKind, 'issuer'>]?: string } & { readonly issuer?: true } & {
  readonly yes?: true;
};

const revokeCommand = (io: Io) =>
  withTableAction<RevokeOptions>(
    withYes(new Command('revoke'))
      .description(
        'Revoke one token, or all tokens of a client, subject, grant or key, or of the whole service. Safe to repeat.',
      )
      .argument('[token]', 'access token or its jti; - reads it from standard input')
      .optionsGroup('Many tokens at once:')
      .addOption(
        new Option('--client <id>', 'revoke all tokens issued to this client so far').argParser(parse.identifier),
      )
      .addOption(
        new Option('--subject <sub>', 'revoke all tokens issued for this subject so far').argParser(parse.knownId),
      )
      .addOption(
        new Option('--grant <id>', 'revoke this grant and its tokens (claim grant_id)').argParser(parse.knownId),
      )
      .addOption(
        new Option(
          '--key <id>',
          'revoke all tokens made with this key: kid of a signing key, or id of a handle key or sealing key',
        ).argParser(parse.knownId),
      )
      .addOption(new Option('--issuer', 'revoke all tokens of this service issued so far'))
      .addHelpText('after', REVOKE_HELP),
    io,
    async ({ out, open, confirm }, options, token) => {
      const named = kinds.filter((kind) => options[kind] !== undefined);
      const [kind] = named;
      if (named.length + (token === undefined ? 0 : 1) !== 1) {
        throw new UsageProblem(`revoke what? Give a token, or one of ${kinds.map((each) => `--${each}`).join(', ')}`);
      }
      const store = await open();
      const { findTokenKeys } = await import('./token-keys.ts');
      const { lifetime } = readDeployedSettings(io.env, store.local);
      if (kind) {
        const id = await idOf(kind, options, store, io);
        if (!options.yes) await confirm(await consequenceOf(kind, id, store));
        const entry = await revokeMany(kind, id, store, lifetime);
        out.result(entry, fields({ ...entry }));
        if (kind === 'key' && (await store.keys.find(KEY_REGISTRY))?.keys.some(({ kid }) => kid === id)) {
          out.note(
            `The key is in the key registry, which is not signed again before you run: latchkey keys compromise ${id}`,
          );
        } else if (kind === 'key') {
          out.note(
            `Remove the key from the deployment before ${time(entry.expires_at)}: then its entry on the revocation list expires.`,
          );
        } else if (kind !== 'grant') {
          out.note(RUN_AGAIN);
        }
      } else {
        const { revokePresented } = await import('./revoke-token.ts');
        const keys = findTokenKeys(io.env, store.local);
        const outcome = await revokePresented(await readToken(io, token), store, keys, lifetime);
        out.result(outcome, `token ${outcome.id} ${outcome.status === 'revoked' ? 'is revoked' : outcome.status}`);
      }
      out.note(HOW_SOON);
    },
  );

const REVOKE_HELP = `
Pipe a token in rather than typing it, as the shell keeps a history of commands. To revoke a refresh token or a code, revoke
its grant: latchkey grants revoke.

--client, --subject and --issuer revoke the access tokens, codes and refresh tokens issued so far; later ones stay valid.
To stop a client for good, disable it. --grant and --key also cover tokens that are issued later. With any of these options,
the command asks for confirmation unless --yes is given.

If the deployment overrides ACCESS_TOKEN_MAX_LIFETIME_SECONDS, set the same value in the environment of this command.
--issuer takes the issuer from ISSUER or from the local stack.
${examples(
  'pbpaste | latchkey token revoke - --stage prod',
  'latchkey token revoke --subject 6fJ3vZ0k4nQ',
  'latchkey token revoke --key 7w2fZ0k4nQ --stage prod --yes',
  'latchkey token revoke --issuer --local',
)}`;

async function idOf(kind: RevokeAllKind, options: RevokeOptions, store: Store, { env }: Io): Promise<string> {
  const given = options[kind];
  const id = given === true || given === undefined ? (store.local?.issuer ?? readConfig(env).get('ISSUER')) : given;
  // With a mistyped id, the command would succeed but revoke nothing.
  if (kind === 'client') await get(store.clients, 'client', id);
  return id;
}

/** The question to confirm, as in "This will …". */
async function consequenceOf(kind: RevokeAllKind, id: string, store: Store): Promise<string> {
  if (kind === 'grant') return `revoke grant ${printable(id)} and all its tokens`;
  if (kind === 'key') return `revoke every token made with key ${printable(id)}`;
  const of = { client: { client_id: id }, subject: { sub: id }, issuer: 'all' as const }[kind];
  const whose = kind === 'issuer' ? `of the whole service ${id}` : `of ${kind} ${printable(id)}`;
  return `revoke ${await store.countGrants(of)} and all tokens ${whose}`;
}

async function revokeMany(kind: RevokeAllKind, id: string, store: Store, lifetime: number): Promise<Revocation> {
  const now = store.clock();
  await revokeGrants(store, kind, id, now);
  const entry = createRevocation(kind, id, { now, lifetime });
  const grant = kind === 'grant' ? await store.grants.find(id) : undefined;
  // From now on, as the entry of an earlier revocation may have expired.
  const expires_at = grant ? lastTokenExpiry(grant, now, lifetime) : entry.expires_at;
  return addRevocation(store.revocations, { ...entry, expires_at });
}

const explainCommand = (io: Io) =>
  withTableAction<{ audience?: string }>(
    new Command('explain')
      .description('Explain a token, and every reason to refuse it. Prints neither the token nor any secret.')
      .argument('<token>', 'token of any kind; - reads it from standard input')
      .option('--audience <aud>', 'audience that must accept it (default: AUDIENCE; if unset, not checked)', parse.name)
      .addHelpText('after', EXPLAIN_HELP),
    io,
    async ({ out, openIfNamed, exitWith }, options, token) => {
      const { findTokenKeys } = await import('./token-keys.ts');
      const { explainToken } = await import('./explain-token.ts');
      const presented = await readToken(io, token);
      const store = await openIfNamed();
      const config = readConfig(serviceEnvironment(io.env, store?.local));
      const clockSkew = config.get('CLOCK_SKEW_SECONDS');
      const maxLifetime = config.get('ACCESS_TOKEN_MAX_LIFETIME_SECONDS');
      const clock = store?.clock ?? systemClock;
      const keys = findTokenKeys(io.env, store?.local);
      const audience = options.audience ?? config.find('AUDIENCE');
      const explanation = await explainToken(presented, { ...keys, store, clock, clockSkew, maxLifetime, audience });
      out.result(explanation, explanationText(explanation, clock(), audience));
      exitWith(exitCodes[explanation.verdict]);
    },
  );

/** `undecided` is not 0, so that a script does not take a token that could not be checked for an accepted one. */
const exitCodes = { accepted: 0, refused: 1, undecided: 3 } as const satisfies Record<Explanation['verdict'], ExitCode>;

const EXPLAIN_HELP = `
The command checks what it can and lists what it could not check. It uses ISSUER, VERIFICATION_KEYS (if unset, the keys that
the issuer publishes), the keys of handles (REFERENCE_TOKEN_KEYS, CODE_KEYS and so on), DECRYPTION_KEYS, SEALING_KEYS and
CLOCK_SKEW_SECONDS (default 0) from the environment, and the table for reference tokens and revocations.

Exit codes: 0 accepted, 1 refused or failed (with a message on standard error), 2 wrong command line, 3 undecided.
${examples(`pbpaste | latchkey token explain - --audience ${demoApis.orders}`, 'latchkey token explain "$TOKEN" --stage prod --json')}`;

const readToken = async (io: Io, token = '-'): Promise<string> =>
  (token === '-' ? await readStdin(io, 'token') : token).trim();

function explanationText(explanation: Explanation, now: number, audience: string | undefined): string {
  const { verdict, reasons, not_checked, format, kind, header, key, claims, claims_verified, revoked_by } = explanation;
  const shown = Object.entries(claims ?? {}).map(([name, value]) => [
    name,
    (name === 'iat' || name === 'exp') && typeof value === 'number' ? moment(value, now) : value,
  ]);
  const by = revoked_by.map(({ kind, id, revoked_after }) => `${kind} ${id} after ${time(revoked_after)}`);
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
  const heading = claims_verified ? 'claims' : 'claims (not verified)';
  return `${summary}\n\n${heading}\n${fields(Object.fromEntries(shown)).replace(/^/gm, '  ')}`;
}

const remaining = (seconds: number | undefined) =>
  seconds === undefined ? undefined : seconds > 0 ? duration(seconds) : `expired ${duration(seconds)} ago`;
