import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../infra/cli/main.ts';
import { createStageSecret } from '../../infra/cli/stage-secret.ts';
import { createSecrets } from '../../infra/local/secrets.ts';
import { handleKeys } from '../../lib/config.ts';
import { sealingKeyId } from '../../lib/keys/sealing-key.ts';
import { parseSigningKeys } from '../../lib/keys/signing-key.ts';
import { createGrantId, subjectTagOf } from '../../lib/oauth/grant-id.ts';
import { createHandleSecret, handleKinds, randomId } from '../../lib/oauth/handle.ts';
import { handleKeyId } from '../../lib/oauth/handle-key.ts';
import { isIdentifier, isNewIdentifier, isPlainId, makeWithPlainId } from '../../lib/oauth/identifier.ts';
import { createSecret } from '../../lib/secrets/secret.ts';
import { pairs, scaled } from '../support/scale.ts';
import { client, startWorld, type World } from '../support/world.ts';
import { type Cli, createCli, succeeding } from './cli-runner.ts';

let world: World;
let attempt: Cli;
let latchkey: Cli;

beforeAll(async () => {
  world = await startWorld();
  attempt = createCli(world.env);
  latchkey = succeeding(attempt);
});
afterAll(() => world.stop());

const kidsIn = (jwks: string) => (JSON.parse(jwks) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
const secretOf = (text: string) => Buffer.from(text, 'base64url');

/** The ids of a new stage, and of a new local stack. */
const idsOf = (secret: Readonly<Record<string, string>>) => {
  const { SIGNING_KEYS = '', VERIFICATION_KEYS = '', DECRYPTION_KEYS = '', SEALING_KEYS = '' } = secret;
  return [
    ...[SIGNING_KEYS, VERIFICATION_KEYS, DECRYPTION_KEYS].flatMap(kidsIn),
    ...handleKinds.map((kind) => handleKeyId(secretOf(secret[handleKeys[kind][0]] ?? ''), kind)),
    sealingKeyId(secretOf(SEALING_KEYS)),
  ];
};

/**
 * Everything that makes ids, with how often: without care, each would make a bad one in all but 1 of 1,000 long runs, and the keys,
 * which take long to make, in four of five normal runs.
 */
const generators: [string, number, () => readonly string[]][] = [
  ['a jti, sub, sid, kid or client_id', 5_000, () => [randomId()]],
  ['a grant_id', 5_000, () => [createGrantId('alice').grant_id]],
  ['the id of a reference token', 5_000, () => [createHandleSecret('reference_token').id]],
  ['the id of a session', 5_000, () => [createHandleSecret('session').id]],
  ['a secret_id', 5_000, () => [createSecret(0).stored.secret_id]],
  ['the keys that init makes', scaled(50, 500), () => idsOf({ ...createStageSecret(['EdDSA']) })],
  ['the keys of a local stack', scaled(50, 500), () => idsOf(createSecrets(['EdDSA'])['latchkey/local'] ?? {})],
];

describe('A generated id', () => {
  it.each(generators)('looks neither like an option nor like a number: %s', (_, times, make) => {
    const ids = Array.from({ length: times }, make).flat();
    expect(ids.filter((id) => !isPlainId(id) || id.startsWith('-'))).toEqual([]);
  });

  it('has 128 random bits', () => {
    const ids = Array.from({ length: 2_000 }, randomId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(Buffer.from(id, 'base64url').toString('base64url')).toBe(id);
    expect(ids.every((id) => Buffer.from(id, 'base64url').length === 16)).toBe(true);
  });

  it('is generated again until it looks like neither, but not for ever', () => {
    const drawn = ['-a', '=a', '+a', '@a', '123', '12e45', 'a-'];
    expect(
      makeWithPlainId(
        () => drawn.shift() ?? '',
        (id) => id,
      ),
    ).toBe('a-');
    expect(() =>
      makeWithPlainId(
        () => '-',
        (id) => id,
      ),
    ).toThrow('no plain id');
  });

  it('of a grant contains the tag of its subject', () => {
    expect(subjectTagOf(createGrantId('alice').grant_id)).toBe(subjectTagOf(createGrantId('alice').grant_id));
  });
});

/** As earlier versions made them: a jti or kid, a grant, a thumbprint. Two begin with two dashes. */
const DASHED = [
  '-zD08s3kXqUv0TqRbYw5gQ',
  '--D08s3kXqUv0TqRbYw5gA',
  '-zD08s3kXqUv0TqRbYw5gQ-zD08s3kXqU',
  '-zD08s3kXqUv0TqRbYw5gQ-zD08s3kXqUvzD08s3kXqU',
];

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}
const pathOf = (command: Command): string[] => (command.parent ? [...pathOf(command.parent), command.name()] : []);

const silent = { write: () => true };
const program = await createProgram({
  env: {},
  cwd: '/',
  stdin: Object.assign((async function* () {})(), {}),
  stdout: silent,
  stderr: silent,
});

const withArgument = leaves(program).filter((command) => command.registeredArguments.length > 0);
const creating = ['client create', 'resource create', 'user create'];
const takingIds = withArgument.map(pathOf).filter((path) => !creating.includes(path.join(' ')));

/** Options that a command does not do without. */
const needed: Readonly<Record<string, string[]>> = {
  'client update': ['--name', 'a'],
  'resource update': ['--scope', 'a'],
  'user update': ['--nickname', 'a'],
  'secret retire': ['--client', 'machine-jwt'],
  'consents withdraw': ['--subject', 'alice', '--yes'],
};

describe('An id that begins with a dash', () => {
  const paths = takingIds.map((path) => path.join(' '));
  it.each(pairs(paths, DASHED))('is accepted as an argument of %s: %s', async (path, id) => {
    const args = [...path.split(' '), id, ...(needed[path] ?? []), '--json'];
    const { code, stderr } = await attempt(args);
    expect(code, stderr).not.toBe(2);
    expect(stderr).not.toMatch(/unknown option|missing|too many/);
  });

  const options = leaves(program).flatMap((command) =>
    command.options
      .filter(({ required, flags }) => required && /<(id|sub|kid|user|key)>/.test(flags))
      .map(({ long }) => `${pathOf(command).join(' ')} ${long}`),
  );

  it.each(pairs(options, DASHED))('is accepted as a value in %s %s', async (option, id) => {
    const { stderr } = await attempt([...option.split(' '), id, '--json']);
    expect(stderr).not.toMatch(/unknown option|has no value/);
  });

  it.each(DASHED)('names its client: %s', async (id) => {
    await world.clients.create(client(id));
    expect((await latchkey(['client', 'show', id, '--json'])).json()).toMatchObject({ client_id: id });
    expect((await latchkey(['client', 'show', '--json', '--', id])).json()).toMatchObject({ client_id: id });
    expect((await latchkey(['secret', 'list', '--client', id, '--json'])).code).toBe(0);
  });

  it.each<[string, string[], RegExp]>([
    ['a mistyped option', ['client', 'show', '--jsn'], /unknown option '--jsn'/],
    ['a long one', ['client', 'update', 'a', '--backchannel-logout-url', 'x'], /unknown option '--backchannel/],
    ['one with a single dash', ['client', 'show', '-json'], /unknown option '-json'.*after --\)/],
    ['a long one with a single dash', ['client', 'update', 'a', '-post-logout-redirect-uri', 'x'], /unknown option/],
    ['a short option that is none', ['client', 'show', '-x'], /unknown option '-x'/],
    ['an option in place of a value', ['grants', 'list', '--subject', '--json'], /--subject has no value/],
    ['an id where there is no argument', ['client', 'list', DASHED[0] ?? ''], /unknown option/],
  ])('does not keep from being reported: %s', async (_, args, reason) => {
    expect(await attempt(args)).toMatchObject({ code: 2, stderr: expect.stringMatching(reason) });
  });
});

describe('A chosen id', () => {
  const bad = [
    '-a',
    '=a',
    '+a',
    '@a',
    '.',
    '..',
    '.a',
    'a/../b',
    'a/.',
    'a.',
    'a,',
    'a;',
    'a:',
    'a?',
    '"a"',
    "'a'",
    '(a)',
  ];
  const good = [
    'reports',
    'a',
    '0',
    '_a',
    'a-',
    'https://api.example.com/',
    'urn:example:api',
    'a.b/c..d',
    'a=',
    'A_b-9',
  ];

  it.each(bad)('is refused for a new record, but accepted for an existing one: %s', async (id) => {
    expect(isIdentifier(id)).toBe(true);
    expect(isNewIdentifier(id)).toBe(false);
    for (const group of ['client', 'resource']) {
      const more = group === 'client' ? ['--resource', 'orders'] : [];
      expect(await attempt([group, 'create', ...more, '--', id])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/An id begins with a letter, a digit or _/),
      });
    }
    await world.clients.create(client(id));
    expect((await latchkey(['client', 'show', '--json', '--', id])).json()).toMatchObject({ client_id: id });
  });

  it.each(good)('can be %s', (id) => expect(isNewIdentifier(id)).toBe(true));

  it.each(['-alice', '=alice', '@alice', 'alice.', 'alice,'])('cannot be a username: %s', async (name) => {
    const { code, stderr } = await attempt(['user', 'create', '--', name]);
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/A username does not begin with/),
    });
  });

  it.each(['=orders', 'orders.', ' orders'])('cannot be an audience: "%s"', async (audience) => {
    const { code, stderr } = await attempt(['resource', 'create', 'aud', '--audience', audience]);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(/An audience has no space/) });
  });

  it('may be pasted with a line break, and gets a hint when it ends with punctuation', async () => {
    expect((await latchkey(['client', 'show', ' machine-jwt\n', '--json'])).json()).toMatchObject({
      client_id: 'machine-jwt',
    });
    expect((await attempt(['client', 'show', 'machine-jwt.'])).stderr).toMatch(
      /there is no client machine-jwt\. \(is the "\." at the end part of the id\?\)/,
    );
  });
});

it('The keys that init makes are usable', () => {
  const { SIGNING_KEYS } = createStageSecret(['ES256']);
  expect(parseSigningKeys(SIGNING_KEYS, 'private')).toHaveLength(1);
});
