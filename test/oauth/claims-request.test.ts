import { describe, expect, it } from 'vitest';
import { isRequestedValue, parseClaimsRequest } from '../../lib/oauth/claims-request.ts';
import { OAuthError } from '../../lib/oauth/errors.ts';
import { scopesOfClaims } from '../../lib/users/claims.ts';

/** As plain objects. */
const read = (text: string | undefined) => {
  const { id_token, userinfo } = parseClaimsRequest(text);
  return { id_token: Object.fromEntries(id_token), userinfo: Object.fromEntries(userinfo) };
};

describe('The claims parameter', () => {
  const accepted: [string | undefined, object][] = [
    [undefined, {}],
    ['{}', {}],
    ['{"userinfo":{}}', {}],
    ['{"userinfo":{"email":null}}', { userinfo: { email: { essential: false } } }],
    ['{"userinfo":{"email":{}}}', { userinfo: { email: { essential: false } } }],
    ['{"id_token":{"auth_time":{"essential":true}}}', { id_token: { auth_time: { essential: true } } }],
    ['{"id_token":{"sub":{"value":"alice"}}}', { id_token: { sub: { essential: false, values: ['alice'] } } }],
    [
      '{"id_token":{"acr":{"essential":true,"values":["a","b"]}}}',
      { id_token: { acr: { essential: true, values: ['a', 'b'] } } },
    ],
    // Core section 5.5: unknown members are ignored, at every level.
    [
      '{"verified_claims":7,"userinfo":{"email":{"purpose":"to write"}}}',
      { userinfo: { email: { essential: false } } },
    ],
    ['{"userinfo":{"__proto__":null}}', { userinfo: { ['__proto__']: { essential: false } } }],
  ];
  it.each(accepted)('that is %s is read as %j', (text, expected) => {
    expect(read(text)).toEqual({ id_token: {}, userinfo: {}, ...expected });
  });

  it.each([
    'hello',
    '',
    'null',
    '[]',
    '"userinfo"',
    '{"userinfo":null}',
    '{"userinfo":[]}',
    '{"id_token":"sub"}',
    '{"userinfo":{"email":true}}',
    '{"userinfo":{"email":[]}}',
    '{"userinfo":{"email":{"essential":"true"}}}',
    '{"userinfo":{"email":{"values":"a"}}}',
    '{"userinfo":{"email":{"values":[]}}}',
    '{"userinfo":{"email":{"values":[null]}}}',
    '{"userinfo":{"email":{"value":{"a":1}}}}',
    '{"userinfo":{"email":{"value":null}}}',
    '{"userinfo":{"email":{"value":"a","values":["a"]}}}',
    `{"userinfo":{"email":null}}${' '.repeat(2_048)}`,
    '['.repeat(2_000),
  ])('that is %j is refused', (text) => {
    const refusal = expect.objectContaining({ code: 'invalid_request' });
    expect(() => parseClaimsRequest(text)).toThrow(refusal);
    expect(() => parseClaimsRequest(text)).toThrow(OAuthError);
  });

  it('is the same when it is read back from the grant', () => {
    const text = '{"userinfo":{"email":{"essential":true}},"id_token":{"sub":{"value":"a"}}}';
    expect(read(JSON.stringify(JSON.parse(text)))).toEqual(read(text));
  });
});

it.each<[unknown, string, boolean]>([
  ['a', 'null', true],
  [undefined, 'null', true],
  ['a', '{"value":"a"}', true],
  ['a', '{"values":["b","a"]}', true],
  ['a', '{"value":"b"}', false],
  [1, '{"value":"1"}', false],
  [undefined, '{"value":"a"}', false],
])('The value %j satisfies the request %s: %s', (value, claim, expected) => {
  const [request] = parseClaimsRequest(`{"userinfo":{"x":${claim}}}`).userinfo.values();
  expect(isRequestedValue(value, request!)).toBe(expected);
});

it('Claims that are requested one by one belong to scopes', () => {
  const { userinfo } = parseClaimsRequest('{"userinfo":{"email":null,"zoneinfo":null,"sub":null,"salary":null}}');
  expect(scopesOfClaims(userinfo)).toEqual(['profile', 'email']);
});
