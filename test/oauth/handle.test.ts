import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createGrantId, subjectTag, subjectTagOf } from '../../lib/oauth/grant-id.ts';
import { createHandles, type HandleKind, type HandleSecrets, handleKinds, randomId } from '../../lib/oauth/handle.ts';
import { createOldHandleKey } from '../../lib/oauth/handle-key.ts';
import { oldHandle } from '../support/old-handle.ts';

const ISSUER = 'https://issuer.example';
const [first, second] = [randomBytes(32), randomBytes(32)];
const open = (kind: HandleKind, { own = [], shared = [] }: Partial<HandleSecrets>, issuer = ISSUER) =>
  createHandles(kind, issuer, { own, shared });
const handles = open('reference_token', { own: [first] });
const PREFIX = 'lk_at_';

describe('A handle', () => {
  it('consists of prefix, key id, a random secret whose hash is the id, and MAC', () => {
    const { text, id, secret, key } = handles.mint();
    expect(text).toMatch(/^lk_at_[\w-]{51}$/);
    expect(Buffer.from(id, 'base64url')).toHaveLength(18);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(18);
    expect(handles.parse(text)).toEqual({ id, secret, key, generation: 0 });
    expect(text).not.toContain(id);
    expect(secret).not.toBe(id);
  });

  it('never repeats an id', () => {
    const ids = new Set(Array.from({ length: 10_000 }, () => handles.mint().id));
    expect(ids.size).toBe(10_000);
  });

  it('is refused with any single bit changed', () => {
    const { text } = handles.mint();
    const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(handles.parse(PREFIX + changed.toString('base64url'))).toBeUndefined();
    }
  });

  const { text } = handles.mint();
  it.each([
    ['without its prefix', text.slice(PREFIX.length)],
    ['with another prefix', text.replace('lk_at_', 'lk_rt_')],
    ['with the prefix in upper case', text.replace('lk', 'LK')],
    ['with padding', `${text}=`],
    ['with white space', `${text} `],
    ['cut short', text.slice(0, -1)],
    ['longer', `${text}AAAA`],
    ['twice', text + text],
    ['empty', ''],
    ['nothing but the prefix', PREFIX],
    ['in the other alphabet', text.replaceAll('-', '+').replaceAll('_', '/')],
  ])('is refused %s', (_name, changed) => {
    expect(handles.parse(changed)).toBeUndefined();
  });
});

it('The code and the refresh tokens of a grant have its id, which ends with the tag of the subject', () => {
  const { grant_id, secret } = createGrantId('alice');
  const ids = (['code', 'refresh_token'] as const).map((kind) => open(kind, { own: [first] }).mint({ secret }).id);
  expect(ids).toEqual([grant_id, grant_id]);
  expect(Buffer.from(grant_id, 'base64url')).toHaveLength(26);
  expect(subjectTagOf(grant_id)).toBe(subjectTag('alice'));
});

describe('Handle keys', () => {
  const minted = handles.mint().text;
  it.each<[string, Partial<HandleSecrets>, boolean]>([
    ['the same', { own: [first] }, true],
    ['another', { own: [second] }, false],
    ['a new one before it', { own: [second, first] }, true],
    ['the same for all kinds', { shared: [first] }, true],
    ['the same for all kinds, beside another of this kind', { own: [second], shared: [first] }, true],
  ])('all verify: %s', (_, keys, isAccepted) => {
    expect(open('reference_token', keys).parse(minted) !== undefined).toBe(isAccepted);
  });

  it.each<[string, Partial<HandleSecrets>]>([
    ['the first of several', { own: [first, second] }],
    ['one of the kind, before one for all kinds', { own: [first], shared: [second] }],
    ['one for all kinds, if there is no other', { shared: [first, second] }],
  ])('mint: %s', (_, keys) => {
    expect(handles.parse(open('reference_token', keys).mint().text)).toBeDefined();
  });

  it('are valid for one issuer only', () => {
    expect(open('reference_token', { own: [first] }, 'https://other.example').parse(minted)).toBeUndefined();
  });

  it.each(handleKinds.flatMap((made) => handleKinds.map((asked) => [made, asked] as const)))(
    'of one secret differ by kind: a %s as a %s',
    (made, asked) => {
      const { text } = open(made, { own: [first] }).mint(made === 'code' ? createGrantId('a') : content(made));
      const prefix = open(asked, { own: [first] })
        .mint(content(asked))
        .text.slice(0, 6);
      const renamed = prefix + text.slice(6);
      expect(open(asked, { own: [first] }).parse(renamed) !== undefined).toBe(made === asked);
    },
  );
});

it.each(handleKinds)('The MAC is made with a key that is derived for issuer and kind: %s', (kind) => {
  const key = new Uint8Array(hkdfSync('sha256', first, '', `latchkey handle\0${ISSUER}\0${kind}`, 32));
  const bytes = Buffer.from(
    open(kind, { own: [first] })
      .mint(content(kind))
      .text.slice(PREFIX.length),
    'base64url',
  );
  const mac = createHmac('sha256', key).update(`${kind}\0${ISSUER}\0`).update(bytes.subarray(0, -16)).digest();
  expect(bytes.subarray(-16)).toEqual(mac.subarray(0, 16));
});

const content = (kind: HandleKind) => (kind === 'code' || kind === 'refresh_token' ? createGrantId('a') : undefined);

describe('A handle of version 0.1.0', () => {
  const idBytes = (kind: HandleKind) => (content(kind) ? 24 : 16);

  it.each(handleKinds)('is accepted with the key for all kinds, and carries its id: %s', (kind) => {
    const id = randomBytes(idBytes(kind)).toString('base64url');
    const text = oldHandle(kind, ISSUER, first, id);
    expect(open(kind, { own: [second], shared: [first] }).parse(text)).toMatchObject({ id, secret: id });
    expect(open(kind, { own: [first] }).parse(text)).toBeUndefined();
  });

  it.each(handleKinds)('cannot have an id of today: %s', (kind) => {
    const known = open(kind, { shared: [first] });
    const { id, secret } = known.mint(content(kind));
    for (const carried of [id, secret]) {
      expect(known.parse(oldHandle(kind, ISSUER, first, carried))).toBeUndefined();
    }
  });

  it.each(handleKinds)('has successors only if it is a refresh token: %s', (kind) => {
    const id = randomBytes(idBytes(kind)).toString('base64url');
    const { mint, parse } = open(kind, { own: [second], shared: [first] });
    if (kind !== 'refresh_token') {
      expect(() => mint({ secret: id })).toThrow('the wrong length');
      return;
    }
    const successor = mint({ secret: id, generation: 3 });
    expect(successor.key).not.toBe(createOldHandleKey(first).id.toString('base64url'));
    expect(parse(successor.text)).toMatchObject({ id, generation: 3 });
  });
});

it('Random ids have 128 bits', () => {
  expect(Buffer.from(randomId(), 'base64url')).toHaveLength(16);
  expect(randomId()).not.toBe(randomId());
});
