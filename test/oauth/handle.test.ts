import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createHandles, type HandleKind, randomId } from '../../lib/oauth/handle.ts';

const KIND: HandleKind = 'reference_token';
const [first, second] = [randomBytes(32), randomBytes(32)];
const handles = createHandles('https://issuer.example', [first]);
const PREFIX = 'lk_at_';

describe('A handle', () => {
  it('consists of prefix, key id, random id and MAC', () => {
    const { text, id, key } = handles.mint(KIND);
    expect(text).toMatch(/^lk_at_[\w-]{48}$/);
    expect(Buffer.from(id, 'base64url')).toHaveLength(16);
    expect(handles.parse(KIND, text)).toEqual({ id, key, generation: 0 });
    expect(text).not.toContain(id);
  });

  it('never repeats an id', () => {
    const ids = new Set(Array.from({ length: 10_000 }, () => handles.mint(KIND).id));
    expect(ids.size).toBe(10_000);
  });

  it('is refused with any single bit changed', () => {
    const { text } = handles.mint(KIND);
    const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(handles.parse(KIND, PREFIX + changed.toString('base64url'))).toBeUndefined();
    }
  });

  const { text } = handles.mint(KIND);
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
    expect(handles.parse(KIND, changed)).toBeUndefined();
  });
});

describe('Handle keys', () => {
  const both = createHandles('https://issuer.example', [second, first]);

  it('all verify, and the first one mints', () => {
    expect(both.parse(KIND, handles.mint(KIND).text)).toBeDefined();
    const minted = both.mint(KIND);
    expect(handles.parse(KIND, minted.text)).toBeUndefined();
    expect(createHandles('https://issuer.example', [second]).parse(KIND, minted.text)).toBeDefined();
  });

  it('are valid for one issuer only', () => {
    expect(createHandles('https://other.example', [first]).parse(KIND, handles.mint(KIND).text)).toBeUndefined();
  });
});

it('Random ids have 128 bits', () => {
  expect(Buffer.from(randomId(), 'base64url')).toHaveLength(16);
  expect(randomId()).not.toBe(randomId());
});
