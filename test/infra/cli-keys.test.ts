// `latchkey keys` on a deployment that runs on the registry, its keys wrapped by the stand-in for KMS.

import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeyView } from '../../infra/cli/key-view.ts';
import { newKeyPair } from '../../infra/key-pair.ts';
import type { Kms } from '../../infra/local/kms/server.ts';
import type { RegisteredKey, StoredRegistry } from '../../lib/key-registry/registry.ts';
import { createKeyRegistryStore, KEY_REGISTRY, keyOfKeyRegistry } from '../../lib/key-registry/store.ts';
import { parseSigningKeys } from '../../lib/keys/signing-key.ts';
import type { RecordStore } from '../../lib/store/record.ts';
import { callOf, type FaultyStore, faults, onlyFor, startFaultyStore } from '../support/faulty-store.ts';
import { createKey, type KmsWorld, startKmsWorld } from '../support/kms-world.ts';
import { manageKeys, managementVariables } from '../support/registry-world.ts';
import { openList } from '../support/revocation-list.ts';
import { pairs, sampled } from '../support/scale.ts';
import {
  authorizerEvents,
  getToken,
  type Handlers,
  httpEvent,
  keyVariables,
  readResult,
  verdict,
} from '../support/world.ts';
import { type Cli, createCli, emptyDirectory, succeeding } from './cli-runner.ts';

const DAY = 86_400;
/** The gates, at the defaults: two hours of caches and a day of tokens, and what each needs beyond. */
const TO_ACTIVATE = 7_200 + 60;
const TO_WITHDRAW = 60 + DAY + 300;

const files = mkdtempSync(join(tmpdir(), 'latchkey-keys-'));
afterAll(() => rmSync(files, { recursive: true }));

let world: KmsWorld;
let store: FaultyStore;
let registry: RecordStore<StoredRegistry>;
let wrappingKey: string;
let attempt: Cli;
let latchkey: Cli;

beforeAll(async () => {
  const wrapping = (kms: Kms) => {
    wrappingKey = createKey(kms, 'SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT');
    return wrappingKey;
  };
  world = await startKmsWorld((kms) => ({
    KEY_REGISTRY: 'on',
    ...managementVariables,
    WRAPPING_KMS_KEY: wrapping(kms),
    SIGNING_KMS_KEYS: '',
    VERIFICATION_KEYS: '',
  }));
  store = await startFaultyStore(world.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? '');
  registry = createKeyRegistryStore(world.table);
  attempt = createCli({ ...world.env, AWS_ENDPOINT_URL_DYNAMODB: store.endpoint });
  latchkey = succeeding(attempt);
});
afterAll(async () => {
  await store.stop();
  await world.stop();
});
beforeEach(async () => {
  store.behave();
  world.kms.recover();
  await world.table.remove(keyOfKeyRegistry);
  for (const { pk, sk } of await world.table.query('REVOKED#0', '')) {
    await world.table.remove({ pk: String(pk), sk: String(sk) });
  }
});

const keys = async (...args: string[]) => (await latchkey(['keys', ...args, '--json'])).json<KeyView>();
const list = async () => (await latchkey(['keys', 'list', '--json'])).json<KeyView[]>();
const statuses = async () => Object.fromEntries((await list()).map(({ kid, status }) => [kid, status]));
const add = (...more: string[]) => keys('add', '--wrapped', ...more);
const revocations = () => openList(world.table);
const systemTime = () => Math.floor(Date.now() / 1000);

/** A first key, which signs, and one that waits. */
async function two(...more: string[]): Promise<[active: KeyView, next: KeyView]> {
  return [await add(...more), await add(...more)];
}

/** Puts all that was done so many seconds further back. */
async function age(seconds: number): Promise<void> {
  const { find, replace } = manageKeys(world.table, systemTime);
  const found = (await find())!;
  const older = (key: RegisteredKey) =>
    Object.fromEntries(
      Object.entries(key).map(([name, member]) => [name, name.endsWith('_at') ? Number(member) - seconds : member]),
    ) as unknown as RegisteredKey;
  await replace({ keys: found.value.keys.map(older) }, found);
}

/** The first write succeeds, but its answer is lost. */
function loseAnswerOfFirstPut(): void {
  let isLost = false;
  store.behave((response, forward, request) => {
    const isFirst = request.operation === 'PutItem' && !isLost;
    isLost ||= isFirst;
    return onlyFor(isFirst ? ['PutItem'] : [], faults['an answer lost after the fact'])(response, forward, request);
  });
}

const kidOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
const signedBy = async (handlers: Handlers) => kidOf(await getToken(handlers, 'machine-jwt'));
const shown = (token: string, { authorizer }: Handlers) => verdict(authorizer(authorizerEvents['HTTP API 2.0'](token)));

async function published({ jwks }: Handlers): Promise<string[]> {
  const { status, json } = readResult(await jwks(httpEvent({ method: 'GET' })));
  expect(status).toBe(200);
  return (json['keys'] as { kid: string }[]).map(({ kid }) => kid);
}

describe('keys add', () => {
  it.each(sampled(['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'EdDSA'], 3, 2))(
    '--wrapped makes a %s key that signs, and prints nothing of its private half',
    async (alg) => {
      const { stdout, stderr } = await latchkey(['keys', 'add', '--wrapped', '--alg', alg]);
      const [key] = await list();
      expect(key).toMatchObject({ alg, origin: 'wrapped', kms_key: wrappingKey, status: 'active' });
      const stored = (await registry.find(KEY_REGISTRY))?.keys[0]?.origin as { private_key: string };
      expect(stdout + stderr + JSON.stringify(key)).not.toContain(stored.private_key);
      expect(await signedBy(world.restart())).toBe(key?.kid);
    },
  );

  it('publishes every key, but only the first one signs at once', async () => {
    const [first, second] = await two();
    expect([first.status, second.status]).toEqual(['active', 'next']);
    expect(second.activatable_at).toBe(second.published_at + TO_ACTIVATE);
    const handlers = world.restart();
    expect(await published(handlers)).toEqual([first.kid, second.kid]);
    expect(await signedBy(handlers)).toBe(first.kid);
  });

  it('--kms reads the public half from KMS, and KMS signs', async () => {
    const arn = createKey(world.kms, 'RSA_2048');
    const key = await keys('add', '--kms', arn, '--alg', 'PS256');
    expect(key).toMatchObject({ alg: 'PS256', origin: 'kms', kms_key: arn, status: 'active' });
    expect(await signedBy(world.restart())).toBe(key.kid);
    expect(await keys('add', '--kms', arn, '--alg', 'PS256')).toEqual(key);
  });

  it.each(['SIGNING_KEYS', 'VERIFICATION_KEYS', '--public'])(
    '--environment takes the public half from %s, and stores no private key',
    async (source) => {
      const { SIGNING_KEYS, VERIFICATION_KEYS } = keyVariables();
      const pair = JSON.parse(SIGNING_KEYS).keys[0];
      const named = (text: string) =>
        JSON.stringify({ keys: JSON.parse(text).keys.map((jwk: object) => ({ ...jwk, kid: 'mine' })) });
      const file = join(files, 'public.json');
      writeFileSync(file, named(VERIFICATION_KEYS));
      const variables: Record<string, string> = {
        SIGNING_KEYS: source === 'SIGNING_KEYS' ? named(SIGNING_KEYS) : '',
        VERIFICATION_KEYS: source === 'VERIFICATION_KEYS' ? named(VERIFICATION_KEYS) : '',
      };
      const args = ['keys', 'add', '--environment', 'mine', ...(source === '--public' ? [source, file] : []), '--json'];
      const { json } = await latchkey(args, { env: variables });
      expect(json()).toMatchObject({ kid: 'mine', origin: 'environment', status: 'active' });
      expect(JSON.stringify(await registry.find(KEY_REGISTRY))).not.toContain(pair.d);
      expect(await signedBy(world.restart({ SIGNING_KEYS: named(SIGNING_KEYS) }))).toBe('mine');
    },
  );

  it('adds a key once although the answer of the table is lost', async () => {
    await add();
    loseAnswerOfFirstPut();
    await add();
    expect(await list()).toHaveLength(2);
  });

  it('keeps both of two keys that are added at once', async () => {
    await Promise.all([add(), add()]);
    expect(Object.values(await statuses()).toSorted()).toEqual(['active', 'next']);
  });
});

describe('keys activate', () => {
  it('waits until every verifier has the key', async () => {
    const [first, second] = await two();
    await age(TO_ACTIVATE - 30);
    const refusal = await attempt(['keys', 'activate', second.kid]);
    expect(refusal).toMatchObject({ code: 1, stdout: '' });
    expect(refusal.stderr).toMatch(/it can sign from \d{4}-\d\d-\d\dT[\d:]+Z \(in \d+s\) on\. --force/);
    expect(await statuses()).toEqual({ [first.kid]: 'active', [second.kid]: 'next' });
    await age(30);
    expect(await keys('activate', second.kid)).toMatchObject({ kid: second.kid, status: 'active' });
  });

  it('lets the new key sign while tokens of the old key stay valid, in running containers', async () => {
    const [first, second] = await two();
    const before = world.restart();
    const token = await getToken(before, 'machine-jwt');
    await age(TO_ACTIVATE);
    const { stderr } = await latchkey(['keys', 'activate', second.kid]);
    expect(stderr).toContain(`${first.kid} is retiring`);
    expect(stderr).not.toContain('Warning');
    const after = world.restart();
    expect(await signedBy(after)).toBe(second.kid);
    expect(await shown(await getToken(after, 'machine-jwt'), before)).toBe('allow');
    expect(await shown(token, before)).toBe('allow');
    expect(await shown(token, after)).toBe('allow');
    expect(await published(after)).toEqual([second.kid, first.kid]);
  });

  it('--force does not wait, but prints a warning', async () => {
    const [, second] = await two();
    const { stderr } = await latchkey(['keys', 'activate', second.kid, '--force']);
    expect(stderr).toMatch(/Warning: .* signs before every verifier has it\. .* until \d{4}-/);
    expect((await statuses())[second.kid]).toBe('active');
  });

  it('waits for the configured caches', async () => {
    const [, second] = await two();
    await age(61);
    const env = { JWKS_CACHE_SECONDS: '0' };
    expect(await attempt(['keys', 'activate', second.kid], { env })).toMatchObject({ code: 0 });
  });

  it('leaves keys of other algorithms as they are', async () => {
    const rsa = await add('--alg', 'RS256');
    const ec = await add();
    await keys('activate', ec.kid, '--force');
    expect(await statuses()).toEqual({ [rsa.kid]: 'active', [ec.kid]: 'active' });
    expect(await signedBy(world.restart())).toBe(rsa.kid);
  });

  it('can be repeated', async () => {
    const [, second] = await two();
    const once = await keys('activate', second.kid, '--force');
    expect(await keys('activate', second.kid)).toEqual(once);
  });
});

describe('keys retire', () => {
  it('waits until the last token has expired', async () => {
    const [first, second] = await two();
    await keys('activate', second.kid, '--force');
    await age(TO_WITHDRAW - 30);
    const refusal = await attempt(['keys', 'retire', first.kid]);
    expect(refusal).toMatchObject({ code: 1, stdout: '' });
    expect(refusal.stderr).toMatch(/it can be withdrawn from \d{4}-.* \(in \d+s\) on\. --force/);
    await age(30);
    expect(await keys('retire', first.kid)).toMatchObject({ status: 'retired' });
    expect(await published(world.restart())).toEqual([second.kid]);
    expect(await keys('retire', first.kid)).toMatchObject({ status: 'retired' });
  });

  it('--force does not wait, prints a warning, and the tokens are refused', async () => {
    const [first, second] = await two();
    const token = await getToken(world.restart(), 'machine-jwt');
    await keys('activate', second.kid, '--force');
    const { stderr } = await latchkey(['keys', 'retire', first.kid, '--force', '--yes']);
    expect(stderr).toContain('Warning: unexpired tokens that it signed are refused from now on.');
    expect(await shown(token, world.restart())).toBe('refuse');
  });

  it('lets an active key stop signing only if another key can sign', async () => {
    const rsa = await add('--alg', 'RS256');
    expect(await attempt(['keys', 'retire', rsa.kid, '--force', '--yes'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is the only active key'),
    });
    const ec = await add();
    await keys('activate', ec.kid, '--force');
    const { stderr } = await latchkey(['keys', 'retire', rsa.kid]);
    expect(stderr).toMatch(/The key no longer signs\. Run this command again from \d{4}-/);
    expect(await statuses()).toEqual({ [rsa.kid]: 'retiring', [ec.kid]: 'active' });
    expect(await signedBy(world.restart())).toBe(ec.kid);
  });

  it('stops a key once although the answer of the table is lost', async () => {
    const rsa = await add('--alg', 'RS256');
    await keys('activate', (await add()).kid, '--force');
    loseAnswerOfFirstPut();
    expect(await keys('retire', rsa.kid)).toMatchObject({ status: 'retiring' });
  });

  it('withdraws a key that has never signed at any time', async () => {
    const [, second] = await two();
    const { stderr } = await latchkey(['keys', 'retire', second.kid]);
    expect(stderr).not.toContain('Warning');
    expect((await statuses())[second.kid]).toBe('retired');
  });
});

describe('keys compromise', () => {
  it('revokes every token of the key at once, in running containers, and another key signs', async () => {
    const [first, second] = await two();
    const handlers = world.restart();
    const token = await getToken(handlers, 'machine-jwt');
    expect(await shown(token, handlers)).toBe('allow');
    const { stderr } = await latchkey(['keys', 'compromise', '--yes', first.kid]);
    expect(await shown(token, handlers)).toBe('refuse');
    // A container that has not read the change yet still signs with the key: these tokens are refused, too.
    expect(await shown(await getToken(handlers, 'machine-jwt'), handlers)).toBe('refuse');
    const fresh = world.restart();
    expect(await signedBy(fresh)).toBe(second.kid);
    expect(await published(fresh)).toEqual([second.kid]);
    expect(stderr).toContain('may accept its tokens for up to 2h');
    expect(stderr).toContain(`Warning: ${second.kid} signs before every verifier has it`);
    const listed = (await list()).find(({ kid }) => kid === first.kid);
    expect(listed).toMatchObject({ status: 'retired', compromised_at: expect.any(Number) });
  });

  it('first revokes the tokens, and then withdraws the key', async () => {
    const { kid } = await add();
    store.take();
    await latchkey(['keys', 'compromise', '--yes', kid]);
    const calls = store.take().map(callOf);
    expect(calls.filter((call) => /^(Put|Update)Item/.test(call))).toEqual(['UpdateItem REVOKED', 'PutItem KEYS']);
  });

  it('keeps the revocation entry for as long as any deployment may believe an old registry, whatever this shell says', async () => {
    const { kid } = await add();
    const before = systemTime();
    await latchkey(['keys', 'compromise', '--yes', kid], { env: { REGISTRY_MAX_AGE_SECONDS: String(2 * DAY) } });
    const [entry] = await revocations().find('key', kid);
    expect(entry?.issued_until).toBe(Number.POSITIVE_INFINITY);
    expect(entry?.expires_at).toBeGreaterThanOrEqual(before + 60 + DAY + 300 + 90 * DAY);
  });

  it('makes a new key of the same algorithm if no key is waiting', async () => {
    const { kid } = await add('--alg', 'ES384');
    const { json } = await latchkey(['keys', 'compromise', '--yes', kid, '--json'], { env: { WRAPPING_KMS_KEY: '' } });
    const { signing, took_ms } = json<{ signing: string[]; took_ms: number }>();
    expect(took_ms).toBeGreaterThan(0);
    expect(await list()).toMatchObject([
      { kid: signing[0], alg: 'ES384', status: 'active', kms_key: wrappingKey },
      { kid, status: 'retired' },
    ]);
    expect(await signedBy(world.restart())).toBe(signing[0]);
  });

  it.each<[string, () => Promise<string>]>([
    ['where KMS makes none', async () => (await add()).kid],
    ['where keys are not wrapped', async () => (await keys('add', '--kms', createKey(world.kms, 'ECC_NIST_P256'))).kid],
  ])('withdraws the key without a successor %s, and says that no key signs', async (_, make) => {
    const kid = await make();
    const token = await getToken(world.restart(), 'machine-jwt');
    world.kms.fail('denied', ['GenerateDataKeyPairWithoutPlaintext']);
    const { stderr, stdout } = await latchkey(['keys', 'compromise', '--yes', kid]);
    expect(stdout).toMatch(/^signing now +none$/m);
    expect(stderr).toMatch(/No new key was made: /);
    expect(stderr).toMatch(/No key signs now, so POST \/token answers 503/);
    const handlers = world.restart();
    expect(await shown(token, handlers)).toBe('refuse');
    await expect(getToken(handlers, 'machine-jwt')).rejects.toThrow('temporarily_unavailable');
  });

  it('lets the key in --replace-with take over', async () => {
    const [first, second] = await two();
    const third = await add();
    await latchkey(['keys', 'compromise', '--yes', first.kid, '--replace-with', third.kid]);
    expect(await statuses()).toEqual({ [third.kid]: 'active', [first.kid]: 'retired', [second.kid]: 'next' });
    expect(await attempt(['keys', 'compromise', '--yes', first.kid, '--replace-with', third.kid])).toMatchObject({
      code: 0,
    });
  });

  it('does nothing if the key in --replace-with cannot take over or does not exist', async () => {
    const { kid } = await add();
    for (const args of [[kid, '--replace-with', kid], [kid, '--replace-with', 'nope'], ['nope']]) {
      expect(await attempt(['keys', 'compromise', '--yes', ...args])).toMatchObject({ code: 1, stdout: '' });
    }
    expect(await revocations().length()).toBe(0);
    expect(await statuses()).toEqual({ [kid]: 'active' });
  });

  it('says what was done when only the first write succeeded, and can be repeated', async () => {
    const [first, second] = await two();
    const token = await getToken(world.restart(), 'machine-jwt');
    store.behave((response, forward, request) => {
      const isRegistry = JSON.stringify(request.input).includes('"KEYS"') && request.operation === 'PutItem';
      return onlyFor(isRegistry ? ['PutItem'] : [], faults['status 500'])(response, forward, request);
    });
    const failed = await attempt(['keys', 'compromise', '--yes', first.kid]);
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toMatch(
      /the tokens of key .* are refused, but the key is still in use: .*; run the same command/,
    );
    expect(await shown(token, world.restart())).toBe('refuse');
    expect((await statuses())[first.kid]).toBe('active');
    store.behave();
    await latchkey(['keys', 'compromise', '--yes', first.kid]);
    await latchkey(['keys', 'compromise', '--yes', first.kid]);
    expect(await statuses()).toEqual({ [second.kid]: 'active', [first.kid]: 'retired' });
    expect(await revocations().length()).toBe(1);
  });

  it('also works for a retired key', async () => {
    const [first, second] = await two();
    await keys('activate', second.kid, '--force');
    await keys('retire', first.kid, '--force', '--yes');
    await latchkey(['keys', 'compromise', '--yes', first.kid]);
    expect(await statuses()).toEqual({ [second.kid]: 'active', [first.kid]: 'retired' });
    expect(await revocations().find('key', first.kid)).toHaveLength(1);
  });
});

it('token revoke --key refers to keys compromise for a key of the registry', async () => {
  const { kid } = await add();
  const { stderr } = await latchkey(['token', 'revoke', '--key', kid, '--yes']);
  expect(stderr).toContain(`latchkey keys compromise ${kid}`);
  const refused = await attempt(['keys', 'add', '--wrapped']);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('whose tokens are revoked') });
  await latchkey(['keys', 'compromise', kid, '--yes']);
  expect(await statuses()).toMatchObject({ [kid]: 'retired' });
});

describe('keys list', () => {
  it('shows the next step for each key, and when it is possible', async () => {
    const [, second] = await two();
    await keys('activate', second.kid, '--force');
    await add();
    const { stdout } = await latchkey(['keys', 'list']);
    expect(stdout).toMatch(/active .* -$/m);
    expect(stdout).toMatch(/retiring .* retire from \S+ \(in 1d [\dms ]+\) on$/m);
    expect(stdout).toMatch(/next .* activate from \S+ \(in [12]h [\dms ]+\) on$/m);
  });

  it('says that the registry is empty', async () => {
    expect((await latchkey(['keys', 'list'])).stdout).toBe('none\n');
  });
});

describe('A registry that key management did not sign', () => {
  const theirs: RegisteredKey = {
    ...(JSON.parse(
      JSON.stringify({ kid: 'theirs', alg: 'ES256', origin: { type: 'environment' }, status: 'active' }),
    ) as RegisteredKey),
    jwk: { ...JSON.parse(keyVariables().VERIFICATION_KEYS).keys[0], kid: 'theirs', alg: 'ES256', use: 'sig' },
    published_at: 0,
  };
  /** What somebody who may write the item makes of it. */
  const tampering = {
    'is not signed': ({ keys: found }: StoredRegistry) => ({ keys: found }),
    'has a wrong signature': (found: StoredRegistry) => ({ ...found, keys: [theirs, ...found.keys] }),
    'was signed': (found: StoredRegistry) => found,
  };
  async function tamper(how: keyof typeof tampering): Promise<KeyView> {
    const key = await add();
    const { value, version } = (await registry.findVersion(KEY_REGISTRY))!;
    await registry.replace(tampering[how](value), version);
    if (how === 'was signed') {
      const old = manageKeys(world.table, () => systemTime() - 8 * DAY);
      await old.replace(value, (await old.find())!);
    }
    return key;
  }
  const signed = async () => (await manageKeys(world.table, systemTime).find())?.value.keys.map(({ kid }) => kid);
  const commands = { add: ['--wrapped'], activate: ['x'], retire: ['x'], compromise: ['x', '--yes'] };

  it.each(
    pairs(Object.keys(tampering), Object.entries(commands)).map(([how, [name, args]]) => [how, name, args] as const),
  )('because it %s is not changed by keys %s', async (how, name, args) => {
    await tamper(how as keyof typeof tampering);
    const before = await registry.find(KEY_REGISTRY);
    const { code, stderr } = await attempt(['keys', name, ...args]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`the key registry ${how}`)]);
    expect([await registry.find(KEY_REGISTRY), await revocations().length()]).toEqual([before, 0]);
  });

  it('is listed if it is unsigned or old, with a warning, and not if somebody has changed it', async () => {
    await tamper('is not signed');
    expect(await attempt(['keys', 'list'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('is not signed'),
    });
    await world.table.remove(keyOfKeyRegistry);
    await tamper('has a wrong signature');
    expect(await attempt(['keys', 'list'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('wrong signature'),
    });
    const unchecked = { REGISTRY_KEYS: '', REGISTRY_SIGNING_KEY: '' };
    const { code, stderr } = await attempt(['keys', 'list'], { env: unchecked });
    expect([code, stderr]).toEqual([0, expect.stringContaining('was not checked')]);
  });

  it.each(['is not signed', 'was signed'] as const)('because it %s is signed after a look at its keys', async (how) => {
    const { kid } = await tamper(how);
    const before = systemTime();
    const upgrade = how === 'is not signed' ? ['--upgrade'] : [];
    const { stderr } = await latchkey(['keys', 'sign', ...upgrade], { typed: 'y\n' });
    expect(stderr).toMatch(new RegExp(`the key registry ${how}[^]* ${''}active[^]*believe in these keys`));
    expect(await signed()).toContain(kid);
    // For containers that run, newer than all before, whatever its number was.
    expect((await registry.find(KEY_REGISTRY))?.sequence).toBeGreaterThanOrEqual(before);
    expect(await signedBy(world.restart({ SIGNING_KEYS: '' }))).toBeDefined();
  });

  it('and that somebody has changed is only signed by force, without the keys that are not ours', async () => {
    const { kid } = await tamper('has a wrong signature');
    const refused = await attempt(['keys', 'sign', '--yes']);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/has a wrong signature: compare its keys/),
    });
    await latchkey(['keys', 'sign', '--yes', '--force', '--without', 'theirs']);
    expect(await signed()).toEqual([kid]);
  });

  const withSecret = { env: keyVariables() };
  const [{ kid: environmentKid }] = parseSigningKeys(withSecret.env.VERIFICATION_KEYS, 'public');
  /** Adds a second key, and the options with which its public half can be checked. */
  const additions: Record<KeyView['origin'], () => Promise<{ kid: string; options?: typeof withSecret }>> = {
    wrapped: () => add(),
    kms: () => keys('add', '--kms', createKey(world.kms, 'ECC_NIST_P256')),
    environment: async () => {
      await latchkey(['keys', 'add', '--environment', environmentKid], withSecret);
      return { kid: environmentKid, options: withSecret };
    },
  };
  /** As somebody who may write the item and has no signing key. */
  async function unsign(edit: (key: RegisteredKey) => RegisteredKey = (key) => key): Promise<void> {
    const { value, version } = (await registry.findVersion(KEY_REGISTRY))!;
    await registry.replace({ keys: value.keys.map(edit) }, version);
  }

  it.each(Object.entries(additions))('is never signed with another public half of a key: %s', async (_, second) => {
    await add();
    const { kid, options } = await second();
    const before = (await registry.find(KEY_REGISTRY))!.keys;
    const {
      x = '',
      y = '',
      crv = '',
    } = newKeyPair('ec', { namedCurve: 'P-256' }).publicKey.export({
      format: 'jwk',
    });
    await unsign((key) => (key.kid === kid ? { ...key, jwk: { ...key.jwk, kty: 'EC', crv, x, y } } : key));
    for (const how of ['--upgrade', '--force']) {
      const { code, stderr } = await attempt(['keys', 'sign', '--yes', how], options);
      expect([code, stderr]).toEqual([1, expect.stringContaining(`replaced the public half of ${kid}: `)]);
    }
    const listed = (await list()).find((key) => key.kid === kid);
    expect(listed?.thumbprint).toMatch(/^[\w-]{43}$/);
    await unsign((key) => before.find((other) => other.kid === key.kid)!);
    expect((await list()).find((key) => key.kid === kid)?.thumbprint).not.toBe(listed?.thumbprint);
    const { stderr } = await latchkey(['keys', 'sign', '--yes', '--upgrade'], options);
    expect(stderr).not.toContain('could not be checked');
    expect(await signed()).toContain(kid);
  });

  it('is signed with public halves that could not be checked only by force, and they are named', async () => {
    const { kid } = await add();
    await latchkey(['keys', 'add', '--environment', environmentKid], withSecret);
    await unsign();
    world.kms.fail('denied', ['Decrypt']);
    const nothing = { env: { SIGNING_KEYS: '', VERIFICATION_KEYS: '' } };
    const { code, stderr } = await attempt(['keys', 'sign', '--yes'], nothing);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`(not checked: ${kid}, ${environmentKid})`)]);
    const done = await latchkey(['keys', 'sign', '--yes', '--force'], nothing);
    expect(done.stderr).toMatch(new RegExp(`public half of ${kid} could not be checked: .*AccessDenied`));
    expect(done.stderr).toContain(`public half of ${environmentKid} could not be checked: it is in no SIGNING_KEYS`);
    expect(await signed()).toEqual([kid, environmentKid]);
  });

  it('is not signed without a key that signs, or without one that is not there', async () => {
    const [active, next] = await two();
    await unsign();
    const before = await registry.find(KEY_REGISTRY);
    for (const [kid, message] of [
      [active.kid, 'no key would sign'],
      ['nope', 'key nope'],
    ] as const) {
      const { code, stderr } = await attempt(['keys', 'sign', '--yes', '--upgrade', '--without', kid]);
      expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
    }
    expect(await registry.find(KEY_REGISTRY)).toEqual(before);
    await latchkey(['keys', 'sign', '--yes', '--upgrade', '--without', next.kid]);
    expect(await signed()).toEqual([active.kid]);
  });
});

describe('The key that signs the registry', () => {
  const none = { REGISTRY_KEYS: '', REGISTRY_SIGNING_KEY: '' };
  const inKms = () => createKey(world.kms, 'ECC_NIST_EDWARDS25519');
  const publicHalf = async (arn: string) => (await latchkey(['keys', 'registry-key', arn])).stdout.trim();

  it('is missing: one sentence says where it may be', async () => {
    const { code, stderr } = await attempt(['keys', 'add', '--wrapped'], { env: none });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^latchkey: what signs the key registry\? Give .*$/m)]);
  });

  it('may be in KMS, by option or variable, and its public half is what the functions need', async () => {
    const arn = inKms();
    await latchkey(['keys', 'add', '--wrapped', '--registry-kms-key', arn], { env: none });
    const { stdout } = await latchkey(['keys', 'add', '--wrapped', '--json'], {
      env: { ...none, REGISTRY_KMS_KEY: arn },
    });
    expect(JSON.parse(stdout)).toMatchObject({ status: 'next' });
    expect(await published(world.restart({ REGISTRY_KEYS: await publicHalf(arn) }))).toHaveLength(2);
    const other = await attempt(['keys', 'add', '--wrapped', '--registry-kms-key', inKms()], { env: none });
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('has a wrong signature') });
  });

  it('is replaced while both are believed, and keys list shows which one has signed', async () => {
    const [old, next] = [inKms(), inKms()];
    const [oldHalf, nextHalf] = [await publicHalf(old), await publicHalf(next)];
    await latchkey(['keys', 'add', '--wrapped', '--registry-kms-key', old], { env: none });
    const env = { ...none, REGISTRY_KEYS: `${nextHalf},${oldHalf}` };
    expect((await latchkey(['keys', 'list'], { env })).stderr).toMatch(
      new RegExp(`^The registry was signed at \\S+ by the key ${oldHalf}\\.$`, 'm'),
    );
    await latchkey(['keys', 'sign', '--yes', '--registry-kms-key', next], { env });
    expect((await latchkey(['keys', 'list'], { env })).stderr).toContain(`by the key ${nextHalf}.`);
    expect(await published(world.restart({ REGISTRY_KEYS: nextHalf }))).toHaveLength(1);
  });

  it('must be among REGISTRY_KEYS', async () => {
    const REGISTRY_KEYS = await publicHalf(inKms());
    const { code, stderr } = await attempt(['keys', 'add', '--wrapped'], { env: { REGISTRY_KEYS } });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('the key that signs the registry is not in REGISTRY_KEYS'),
    ]);
  });

  it.each(['SYMMETRIC_DEFAULT', 'ECC_NIST_P256'])('must be of its own kind, and not %s', async (spec) => {
    const arn = createKey(world.kms, spec, spec === 'SYMMETRIC_DEFAULT' ? 'ENCRYPT_DECRYPT' : 'SIGN_VERIFY');
    const { code, stderr } = await attempt(['keys', 'registry-key', arn]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/is symmetric|is not of the spec ECC_NIST_EDWARDS25519/)]);
  });

  it('may be in the secret of the stage', async () => {
    const asked: unknown[] = [];
    const server = createServer(async (request, response) => {
      asked.push(JSON.parse(await text(request)));
      const SecretString = JSON.stringify({ ...managementVariables, HANDLE_KEYS: 'x' });
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify({ SecretString }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const AWS_ENDPOINT_URL_SECRETS_MANAGER = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const stage = (world.env['TABLE_NAME'] ?? '').replace('latchkey-', '');
    const env = { ...none, AWS_ENDPOINT_URL_SECRETS_MANAGER };
    const { kid } = (await latchkey(['keys', 'add', '--wrapped', '--stage', stage, '--json'], { env })).json<KeyView>();
    expect(asked).toEqual([{ SecretId: `latchkey/${stage}` }]);
    expect(await signedBy(world.restart())).toBe(kid);
    server.closeAllConnections();
    server.close();
  });
});

describe('On a local stack,', () => {
  const directory = (more: object) => {
    const cwd = emptyDirectory();
    const table = { endpoint: world.env['AWS_ENDPOINT_URL_DYNAMODB'], name: world.env['TABLE_NAME'] };
    mkdirSync(join(cwd, '.latchkey'));
    writeFileSync(join(cwd, '.latchkey/demo.json'), JSON.stringify({ issuer: world.env['ISSUER'], table, ...more }));
    return cwd;
  };
  const env = { ISSUER: '', WRAPPING_KMS_KEY: '', AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:9' };
  const args = ['keys', 'add', '--wrapped', '--local'];

  it('keys are made by its stand-in for KMS, for its issuer', async () => {
    const cwd = directory({
      kms: { endpoint: world.kms.endpoint, wrapping_key: wrappingKey },
      registry: managementVariables,
    });
    const { json } = await latchkey([...args, '--json'], { cwd, env });
    expect(await signedBy(world.restart())).toBe(json()['kid']);
  });

  it('no keys are made without its stand-in for KMS, in particular not in another KMS', async () => {
    const result = await attempt(args, {
      cwd: directory({ registry: managementVariables }),
      env: { ...env, WRAPPING_KMS_KEY: wrappingKey },
    });
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('npm start -- --keys wrapped') });
  });
});

describe('The keys commands refuse', () => {
  const sign = () => createKey(world.kms, 'ECC_NIST_P256');
  const file = join(files, 'private.pem');
  writeFileSync(file, newKeyPair('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }));

  it.each<[string, string[] | (() => string[]), number, RegExp, Record<string, string>?]>([
    ['a key of no origin', ['add'], 2, /which key\?/],
    ['a key of two origins', () => ['add', '--wrapped', '--kms', sign()], 2, /which key\?/],
    ['no wrapping key', ['add', '--wrapped'], 2, /which KMS key wraps the new key\?/, { WRAPPING_KMS_KEY: '' }],
    [
      'a wrapping key for nothing',
      () => ['add', '--kms', sign(), '--wrapping-key', 'x'],
      2,
      /only be used with --wrapped/,
    ],
    ['a public half for nothing', ['add', '--wrapped', '--public', 'x'], 2, /only be used with --environment/],
    ['an alg that the key has', ['add', '--environment', 'x', '--alg', 'ES256'], 2, /names its alg/],
    ['an unknown alg', ['add', '--wrapped', '--alg', 'HS256'], 2, /Allowed choices/],
    ['a file that is not there', ['add', '--environment', 'x', '--public', 'nope'], 2, /nope cannot be read/],
    ['a private key in a file', ['add', '--environment', 'x', '--public', file], 1, /but a public key is required/],
    ['a key that is nowhere', ['add', '--environment', 'x'], 1, /there is no key x in SIGNING_KEYS or/],
    ['no issuer', ['add', '--wrapped'], 1, /ISSUER is not set/, { ISSUER: '' }],
    ['a key that does not wrap', () => ['add', '--wrapped', '--wrapping-key', sign()], 1, /key "arn:.*/],
    ['a key that does not sign', () => ['add', '--kms', wrappingKey], 1, /is symmetric/],
    ['a key of another type', () => ['add', '--kms', sign(), '--alg', 'RS256'], 1, /of a type, curve or alg/],
    ['a key of KMS that is not there', ['add', '--kms', 'alias/nope'], 1, /KMS GetPublicKey with alias\/nope/],
    ['to activate without a registry', ['activate', 'nope'], 1, /there is no key registry, so .*docs\/keys\.md/],
    ['to retire without a registry', ['retire', 'nope'], 1, /there is no key registry, so .*docs\/keys\.md/],
    [
      'to retire by force without a registry',
      ['retire', 'nope', '--force', '--yes'],
      1,
      /there is no key registry, so /,
    ],
    ['to compromise without a registry', ['compromise', 'nope', '--yes'], 1, /there is no key registry, so /],
    ['a policy that is none', ['list'], 1, /JWKS_CACHE_SECONDS must be/, { JWKS_CACHE_SECONDS: 'x' }],
  ])('%s', async (_, args, code, reason, env = {}) => {
    const result = await attempt(['keys', ...(typeof args === 'function' ? args() : args)], { env });
    expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(reason) });
    expect(await registry.find(KEY_REGISTRY)).toBeUndefined();
  });

  it('to add or activate a retired key', async () => {
    const arn = createKey(world.kms, 'ECC_NIST_P256');
    await add();
    const { kid } = await keys('add', '--kms', arn);
    await keys('retire', kid);
    expect(await attempt(['keys', 'add', '--kms', arn])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/was retired/),
    });
    expect(await attempt(['keys', 'activate', kid])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is retired/),
    });
  });
});
