import { describe, expect, it } from 'vitest';
import { type Environment, readConfig, type VariableName, variables } from '../lib/config.ts';

const read = (name: VariableName, value: string) => readConfig({ [name]: value }).get(name);

const KEY = Buffer.alloc(32).toString('base64url');
const OTHER_KEY = Buffer.alloc(32, 1).toString('base64url');

describe('The default of', () => {
  it.each([
    ['CLOCK_SKEW_SECONDS', 0],
    ['CLIENT_CACHE_SECONDS', 30],
    ['LOG_LEVEL', 'info'],
    ['REVOCATION_MAX_AGE_SECONDS', { jwt: 5, encrypted_jwt: 5, sealed: 5, reference: 0 }],
    ['ACCESS_TOKEN_LIFETIME_SECONDS', 3600],
    ['ACCESS_TOKEN_MAX_LIFETIME_SECONDS', 86_400],
    ['AUTHORIZER_RESPONSE', 'simple'],
    ['GROUPS_CLAIM', 'groups'],
    ['ROLES_CLAIM', 'roles'],
    ['KEY_REGISTRY', 'off'],
    ['NEW_KEY_ALGORITHM', ['ES256', 'RS256']],
    ['JWKS_CACHE_SECONDS', 7200],
    ['KEY_ROTATION_SECONDS', 7_776_000],
    ['SERVICE_NAME', 'Latchkey'],
    ['SESSION_LIFETIME_SECONDS', 28_800],
    ['KEEP_SIGNED_IN_SECONDS', 0],
  ] as const)('%s is %j', (name, value) => {
    expect(readConfig({}).get(name)).toEqual(value);
    expect(read(name, '')).toEqual(value);
  });

  it.each(Object.keys(variables).filter((name) => !('default' in variables[name as VariableName])))(
    '%s does not exist: without the variable, the error names it',
    (name) => {
      expect(() => readConfig({}).get(name as VariableName)).toThrow(`${name} is not set`);
    },
  );
});

describe('The variable', () => {
  it.each<[VariableName, string, unknown]>([
    ['ISSUER', 'https://auth.example', 'https://auth.example'],
    ['ISSUER', 'https://auth.example/tenant', 'https://auth.example/tenant'],
    ['ISSUER', 'http://localhost:3000', 'http://localhost:3000'],
    ['ISSUER', 'http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
    ['REVOCATION_MAX_AGE_SECONDS', '0', { jwt: 0, encrypted_jwt: 0, sealed: 0, reference: 0 }],
    ['REVOCATION_MAX_AGE_SECONDS', '7', { jwt: 7, encrypted_jwt: 7, sealed: 7, reference: 7 }],
    ['REVOCATION_MAX_AGE_SECONDS', 'jwt=9', { jwt: 9, encrypted_jwt: 9, sealed: 9, reference: 0 }],
    ['REVOCATION_MAX_AGE_SECONDS', 'reference=2, jwt=1', { jwt: 1, encrypted_jwt: 1, sealed: 1, reference: 2 }],
    ['REVOCATION_MAX_AGE_SECONDS', 'sealed=0', { jwt: 5, encrypted_jwt: 5, sealed: 0, reference: 0 }],
    ['REVOCATION_MAX_AGE_SECONDS', 'encrypted_jwt=3,jwt=1', { jwt: 1, encrypted_jwt: 3, sealed: 1, reference: 0 }],
    ['SEALING_KEYS', `${KEY}, ${OTHER_KEY}`, [Buffer.alloc(32), Buffer.alloc(32, 1)]],
    ['SIGNING_KMS_KEYS', 'alias/one', [{ id: 'alias/one' }]],
    [
      'SIGNING_KMS_KEYS',
      'arn:aws:kms:eu-west-1:123456789012:key/mrk-0a1b, alias/two/x_y=PS256,1234abcd-12ab',
      [
        { id: 'arn:aws:kms:eu-west-1:123456789012:key/mrk-0a1b' },
        { id: 'alias/two/x_y', alg: 'PS256' },
        { id: '1234abcd-12ab' },
      ],
    ],
    [
      'HANDLE_KMS_KEYS',
      'arn:aws-cn:kms:cn-north-1:123456789012:alias/one,alias/two',
      ['arn:aws-cn:kms:cn-north-1:123456789012:alias/one', 'alias/two'],
    ],
    ['KEY_REGISTRY', 'on', 'on'],
    ['WRAPPING_KMS_KEY', 'alias/wrapping', 'alias/wrapping'],
    ['NEW_KEY_ALGORITHM', 'PS512', ['PS512']],
    ['NEW_KEY_ALGORITHM', 'EdDSA, RS256', ['EdDSA', 'RS256']],
    ['JWKS_CACHE_SECONDS', '0', 0],
    ['KEY_ROTATION_SECONDS', '3600', 3600],
    ['SERVICE_LOGO_URI', 'https://cdn.example/logo.svg', 'https://cdn.example/logo.svg'],
    ['LOG_LEVEL', 'silent', 'silent'],
    ['CLIENT_CACHE_SECONDS', '0', 0],
  ])('%s may be %s', (name, value, parsed) => {
    expect(read(name, value)).toEqual(parsed);
  });

  it.each<[VariableName, string]>([
    ['ISSUER', 'auth.example'],
    ['ISSUER', 'http://auth.example'],
    ['ISSUER', 'https://auth.example/'],
    ['ISSUER', 'https://auth.example/tenant/'],
    ['ISSUER', 'https://auth.example?a=b'],
    ['ISSUER', 'https://auth.example#a'],
    ['ISSUER', 'https://user@auth.example'],
    ['ISSUER', 'https://AUTH.example'],
    ['ISSUER', 'https://auth.example:443'],
    ['ISSUER', 'javascript:alert(1)'],
    ['HANDLE_KEYS', 'hush'],
    ['HANDLE_KEYS', Buffer.alloc(31).toString('base64url')],
    ['HANDLE_KEYS', Buffer.alloc(32).toString('base64')],
    ['HANDLE_KEYS', `${Buffer.alloc(32).toString('base64url')},`],
    ['SEALING_KEYS', 'hush'],
    ['SEALING_KEYS', Buffer.alloc(31).toString('base64url')],
    ['SEALING_KEYS', `${KEY},`],
    ['OPENING_KEYS', 'hush'],
    ['OPENING_KEYS', KEY],
    ['OPENING_KEYS', `.${KEY}`],
    ['OPENING_KEYS', `id.${KEY}.more`],
    ['OPENING_KEYS', `id.${Buffer.alloc(31).toString('base64url')}`],
    ['OPENING_KEYS', `id.${KEY},`],
    ['DECRYPTION_KEYS', 'hush'],
    ['DECRYPTION_KEYS', '{"keys":[]}'],
    ['REVOCATION_MAX_AGE_SECONDS', '-1'],
    ['REVOCATION_MAX_AGE_SECONDS', '1.5'],
    ['REVOCATION_MAX_AGE_SECONDS', 'jwt'],
    ['REVOCATION_MAX_AGE_SECONDS', 'jwt='],
    ['REVOCATION_MAX_AGE_SECONDS', 'cookie=5'],
    ['REVOCATION_MAX_AGE_SECONDS', 'jwt=5=6'],
    // A name twice.
    ['REVOCATION_MAX_AGE_SECONDS', 'jwt=5,jwt=1'],
    ['REVOCATION_MAX_AGE_SECONDS', 'jwt=5, jwt =5'],
    ['HANDLE_KEYS', `${KEY},${KEY}`],
    ['SEALING_KEYS', `${KEY}, ${OTHER_KEY}, ${KEY}`],
    ['OPENING_KEYS', `id.${KEY},id.${OTHER_KEY}`],
    ['SIGNING_KMS_KEYS', 'alias/hush, alias/hush=ES256'],
    ['CLOCK_SKEW_SECONDS', '301'],
    ['CLOCK_SKEW_SECONDS', '0x10'],
    ['CLOCK_SKEW_SECONDS', ' 5'],
    ['CLIENT_CACHE_SECONDS', 'off'],
    ['ACCESS_TOKEN_LIFETIME_SECONDS', '0'],
    ['SERVICE_LOGO_URI', 'hush'],
    ['SERVICE_LOGO_URI', 'http://cdn.example/hush.svg'],
    ['SERVICE_LOGO_URI', 'javascript:hush'],
    ['SESSION_LIFETIME_SECONDS', '59'],
    ['KEEP_SIGNED_IN_SECONDS', '34560001'],
    ['LOG_LEVEL', 'toString'],
    ['AUTHORIZER_RESPONSE', 'both'],
    ['SIGNING_KEYS', 'hush'],
    ['SIGNING_KMS_KEYS', 'alias/hush=ES999'],
    ['SIGNING_KMS_KEYS', 'alias/hush=toString'],
    ['SIGNING_KMS_KEYS', 'alias/hush='],
    ['SIGNING_KMS_KEYS', 'alias/hush=ES256=ES256'],
    ['SIGNING_KMS_KEYS', 'alias/hush,'],
    ['SIGNING_KMS_KEYS', 'alias/hush=RS256,alias/hush=PS256'],
    ['SIGNING_KMS_KEYS', 'arn:aws:s3:::hush'],
    ['HANDLE_KMS_KEYS', 'alias/hush=ES256'],
    ['HANDLE_KMS_KEYS', 'hush hush'],
    ['HANDLE_KMS_KEYS', 'alias/hush,alias/hush'],
    ['VERIFICATION_KEYS', '{"keys":[{"kty":"oct","k":"hush"}]}'],
    ['KEY_REGISTRY', 'true'],
    ['WRAPPING_KMS_KEY', 'alias/hush,alias/other'],
    ['WRAPPING_KMS_KEY', 'arn:aws:s3:::hush'],
    ['NEW_KEY_ALGORITHM', 'HS256'],
    ['NEW_KEY_ALGORITHM', 'ES256,ES256'],
    ['JWKS_CACHE_SECONDS', '2592001'],
    ['KEY_ROTATION_SECONDS', '3599'],
  ])('%s may not be %s, and the error does not repeat the value', (name, value) => {
    const env: Environment = { [name]: value };
    expect(() => readConfig(env).get(name)).toThrow(new RegExp(`^${name} `));
    expect(() => readConfig(env).get(name)).not.toThrow('hush');
  });
});

describe('An optional variable', () => {
  it.each([
    [{}, undefined],
    [{ WRAPPING_KMS_KEY: '' }, undefined],
    [{ WRAPPING_KMS_KEY: 'alias/one' }, 'alias/one'],
  ])('in the environment %j is %s', (env: Environment, value) => {
    expect(readConfig(env).find('WRAPPING_KMS_KEY')).toBe(value);
  });

  it('is validated if it is set', () => {
    expect(() => readConfig({ WRAPPING_KMS_KEY: 'hush hush' }).find('WRAPPING_KMS_KEY')).toThrow(
      /^WRAPPING_KMS_KEY must/,
    );
  });
});

describe('With the environment', () => {
  it.each([
    [{}, false],
    [{ KEY_REGISTRY: '' }, false],
    [{ KEY_REGISTRY: 'off', VERIFICATION_KEYS: 'anything' }, false],
    [{ KEY_REGISTRY: 'on' }, true],
    [{ KEY_REGISTRY: 'on', VERIFICATION_KEYS: '' }, true],
  ])('%j, the key registry is on: %s', (env: Environment, isUsed) => {
    expect(readConfig(env).usesKeyRegistry('VERIFICATION_KEYS')).toBe(isUsed);
  });

  it('that sets KEY_REGISTRY and another source of keys, the configuration is refused', () => {
    const env = { KEY_REGISTRY: 'on', VERIFICATION_KEYS: 'hush' };
    expect(() => readConfig(env).usesKeyRegistry('VERIFICATION_KEYS')).toThrow(
      'VERIFICATION_KEYS is set while KEY_REGISTRY is on, but only one can be used',
    );
  });
});
