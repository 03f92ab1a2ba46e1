// What parses requests, on texts that fast-check makes up and shrinks: a failure is shown with the smallest text that fails.
import { array, assert, constantFrom, nat, oneof, property, record, string, tuple, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBasicCredentials } from '../../lib/client-authentication/client-secret-basic.ts';
import { parseBearer } from '../../lib/http/bearer.ts';
import { parseForm } from '../../lib/http/form.ts';
import type { HttpRequest } from '../../lib/http/message.ts';
import { OAuthError } from '../../lib/oauth/errors.ts';
import { createHandles } from '../../lib/oauth/handle.ts';
import { matchesRedirectUri, redirectUriFault } from '../../lib/oauth/redirect-uri.ts';
import { parseScope } from '../../lib/oauth/scope.ts';
import { readings } from '../../lib/secrets/presented-secret.ts';
import { scaled } from '../support/scale.ts';
import { basic } from '../support/world.ts';

const runs = { numRuns: scaled(100, 20_000) };

/** Half of it what means something somewhere, half anything. */
const unit = oneof(constantFrom(...' +&=%:;\0\n"\\aé'), string({ unit: 'binary', minLength: 1, maxLength: 1 }));
const text = string({ unit });
const someText = string({ unit, minLength: 1 });

const formRequest = (body: Buffer): HttpRequest => ({
  method: 'POST',
  path: '/',
  query: '',
  header: (name) => (name === 'content-type' ? ['application/x-www-form-urlencoded'] : []),
  cookies: [],
  sourceIp: '',
  body,
  authorizer: undefined,
});

/** Undefined for a refused input; any other error fails the test. */
function unlessRefused<Value>(parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof OAuthError) return undefined;
    throw error;
  }
}

describe('A form', () => {
  it('is parsed into the parameters that it was made from', () => {
    const pairs = array(tuple(text, someText), { maxLength: 20 }).map((all) => new Map(all));
    const resources = array(someText, { maxLength: 5 });
    assert(
      property(pairs, resources, (written, resource) => {
        written.delete('resource');
        const body = new URLSearchParams([
          ...written,
          ...resource.map((value): [string, string] => ['resource', value]),
        ]);
        const form = parseForm(formRequest(Buffer.from(body.toString())));
        for (const [name, value] of written) expect(form.get(name)).toBe(value);
        expect(form.resources).toEqual(resource);
      }),
      runs,
    );
  });

  it('of random bytes is parsed or refused, without a fault', () => {
    const pieces = constantFrom('&', '=', '+', '%', '%f', '%ff', '%c3', '%a9', 'a', 'resource=', '\0', 'é');
    const bodies = array(pieces).map((all) => Buffer.from(all.join('')));
    for (const body of [bodies, uint8Array().map((bytes) => Buffer.from(bytes))]) {
      assert(
        property(body, (bytes) => {
          unlessRefused(() => parseForm(formRequest(bytes)));
        }),
        runs,
      );
    }
  });
});

describe('An Authorization header', () => {
  const identifiers = array(constantFrom(...'a:/%+&.'), { minLength: 1, maxLength: 12 }).map((all) => all.join(''));

  it('with Basic is parsed first into the id and the secret that it was made from', () => {
    assert(
      property(identifiers, someText, (id, secret) => {
        const [likeliest] = parseBasicCredentials(basic(id, secret));
        expect(likeliest?.id).toBe(id);
        expect(readings(likeliest!.secret)[0]).toBe(secret);
      }),
      runs,
    );
  });

  it('with Basic has a few readings, one of which is what was sent without being encoded', () => {
    assert(
      property(identifiers, someText, (id, secret) => {
        const all = parseBasicCredentials(`Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`);
        expect(all.length).toBeLessThanOrEqual(4);
        const colons = [...id].filter((character) => character === ':').length;
        if (colons > 1 || id.includes('%')) return;
        expect(all.some((one) => one.id === id && readings(one.secret).includes(secret))).toBe(true);
      }),
      runs,
    );
  });

  it('with Bearer is parsed into the token if it is well-formed, and ignored otherwise', () => {
    const characters = constantFrom('a', 'B', '0', '.', '-', '_', '~', '+', '/', '=', ',', '\n', 'é');
    assert(
      property(
        array(characters).map((all) => all.join('')),
        (token) => {
          const isToken = /^[^=]+=*$/.test(token) && !/[,\né]/.test(token);
          expect(parseBearer([`Bearer ${token}`])).toBe(isToken ? token : undefined);
        },
      ),
      runs,
    );
  });
});

it('A scope is parsed into its tokens if all characters are allowed, and refused otherwise', () => {
  const characters = constantFrom('a', 'b', '!', '~', '#', '[', ']', ' ', '"', '\\', '\x7f', '\t', 'é');
  assert(
    property(
      array(characters, { maxLength: 12 }).map((all) => all.join('')),
      (scope) => {
        const tokens = new Set(scope.split(' ').filter((token) => token !== ''));
        const isAllowed = !/["\\\x7f\té]/.test(scope);
        expect(unlessRefused(() => parseScope(scope))).toEqual(isAllowed ? [...tokens] : undefined);
      },
    ),
    runs,
  );
});

it('A redirect URI that matches a registered one leads to the same origin and path', () => {
  const registered = ['https://app.example/cb', 'http://127.0.0.1/cb?a=b', 'http://[::1]:80/cb', 'com.example.app:/cb'];
  const pieces = [
    '',
    '/',
    '.',
    ':',
    '@',
    '#',
    '?',
    '\\',
    '%2f',
    ':80',
    ':8080',
    ' ',
    '\t',
    'evil.example',
    'https://',
    '*',
  ];
  const edits = record({
    uri: constantFrom(...registered),
    at: nat(30),
    removed: nat(3),
    piece: constantFrom(...pieces),
  });
  assert(
    property(edits, ({ uri, at, removed, piece }) => {
      const requested = uri.slice(0, at) + piece + uri.slice(at + removed);
      if (!matchesRedirectUri(requested, registered)) return;
      expect(redirectUriFault(requested)).toBeUndefined();
      const place = (text: string) => {
        const { protocol, username, hostname, port, pathname, search, hash } = new URL(text);
        return [protocol, username, hostname, protocol === 'http:' ? '' : port, pathname, search, hash].join('|');
      };
      expect(registered.map(place)).toContain(place(requested));
    }),
    runs,
  );
});

it('A handle is accepted only exactly as it was made', () => {
  const handles = createHandles('session', 'https://issuer.example', { own: [Buffer.alloc(32, 1)], shared: [] });
  const { text: minted, id } = handles.mint();
  expect(handles.parse(minted)?.id).toBe(id);
  assert(
    property(nat(minted.length), nat(4), string({ maxLength: 4 }), (at, removed, piece) => {
      const edited = minted.slice(0, at) + piece + minted.slice(at + removed);
      expect(handles.parse(edited) !== undefined).toBe(edited === minted);
    }),
    runs,
  );
});
