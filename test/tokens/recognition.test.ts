// Each presented text has at most one access token format, so that the order of the registry decides nothing.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessTokenFormats } from '../../lib/oauth/access-token.ts';
import { explanations } from '../../lib/tokens/explanations.ts';
import { formatOf, formats } from '../../lib/tokens/formats.ts';
import { scaled } from '../support/scale.ts';
import { client, getToken, startWorld, type World } from '../support/world.ts';

const COUNT = 20;
const numRuns = scaled(300, 100_000);

let world: World;
let tokens: readonly { readonly format: string; readonly token: string }[];

beforeAll(async () => {
  world = await startWorld();
  const clients = accessTokenFormats.map((format) => client(`of-${format}`, { access_token_format: format }));
  await Promise.all(clients.map((each) => world.clients.create(each)));
  tokens = await Promise.all(
    accessTokenFormats.flatMap((format) =>
      Array.from({ length: COUNT }, async () => ({ format, token: await getToken(world.handlers, `of-${format}`) })),
    ),
  );
});
afterAll(() => world.stop());

const matching = (text: string) => accessTokenFormats.filter((name) => formats[name].matches(text));

function recognised(text: string): string[] {
  try {
    return [formatOf(text)];
  } catch {
    return [];
  }
}

/** At most one format matches, and it is the one that is taken. */
function expectOneAtMost(text: string): void {
  const found = matching(text);
  expect(found.length).toBeLessThanOrEqual(1);
  if (text.length <= 8_192) expect(recognised(text)).toEqual(found);
}

/** The beginnings that formats are recognised by, and segments of any kind, with more or fewer dots. */
const begins = ['', 'lk_at_', 'lk_rt_', 'eyJhbGciOiJkaXIi', 'eyJhbGciOiJFUzI1NiI', 'eyJ0eXAiOiJhdCtqd3QiL'];
const segment = fc.oneof(fc.stringMatching(/^[\w-]{0,40}$/), fc.string({ unit: 'binary', maxLength: 20 }));
const composed = fc
  .tuple(fc.constantFrom(...begins), fc.array(segment, { maxLength: 7 }))
  .map(([begin, segments]) => begin + segments.join('.'));

describe('A text', () => {
  it('is recognised as at most one format', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), composed), expectOneAtMost), { numRuns });
  });

  it('is recognised as at most one format when it is a token with a part removed, inserted or taken from another token', () => {
    const index = fc.nat({ max: COUNT * accessTokenFormats.length - 1 });
    const spliced = fc.tuple(index, index, fc.nat(400), fc.nat(400), segment).map(([one, other, from, to, more]) => {
      const [begin, end] = [tokens[one]!.token.slice(0, from), tokens[other]!.token.slice(to)];
      return [begin + end, begin + more + end, begin + more];
    });
    fc.assert(
      fc.property(spliced, (texts) => texts.forEach(expectOneAtMost)),
      { numRuns },
    );
  });
});

it.each(accessTokenFormats)('A token that was issued as %s is recognised as this format and no other', (format) => {
  const issued = tokens.filter((it) => it.format === format);
  expect(issued.length).toBe(COUNT);
  for (const { token } of issued)
    expect({ matching: matching(token), taken: formatOf(token) }).toEqual({ matching: [format], taken: format });
});

it.each(accessTokenFormats)('The format %s has a description of one sentence', (format) => {
  expect(formats[format].name).toBe(format);
  expect(`A token of this format is ${explanations[format].description}.`).toMatch(/^[^.\n]{40,140}\.$/);
});
