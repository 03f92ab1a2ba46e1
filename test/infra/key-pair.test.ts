import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newKeyPair } from '../../infra/key-pair.ts';
import { root } from '../support/local-service.ts';

describe('A new key pair', () => {
  it.each([
    ['rsa', { modulusLength: 2048 }],
    ['ec', { namedCurve: 'P-256' }],
    ['ed25519', {}],
    ['x25519', {}],
  ] as const)('of type %s has two halves that belong together, and can be exported', (kind, options) => {
    const { privateKey, publicKey } = newKeyPair(kind, options);
    expect(privateKey.asymmetricKeyType).toBe(kind);
    expect(privateKey.export({ format: 'jwk' })).toMatchObject(publicKey.export({ format: 'jwk' }));
  });

  it('does not hang when garbage is collected while it is exported, as one of Node.js 20 would', () => {
    const making = `import { newKeyPair } from ${JSON.stringify(join(root, 'infra/key-pair.ts'))};
      for (let count = 0; count < 80; count++) newKeyPair('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
      process.stdout.write('done');`;
    const args = ['--gc-interval=7', '--import', 'tsx', '--input-type=module', '-e', making];
    // It ends what hangs: keys that Node.js 20 has made itself do after some ten.
    expect(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', timeout: 600_000 })).toBe('done');
  });

  // What `lib` makes is never exported.
  it('is made nowhere else', () => {
    const users = ['infra', 'test', 'functions', 'examples', 'lib']
      .flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
      )
      .filter((file) => /\.(ts|mjs|cjs)$/.test(file) && !file.includes('node_modules/'))
      .filter((file) => /generateKeyPair(Sync)?\(/.test(readFileSync(join(root, file), 'utf8')));
    expect(users.filter((file) => !file.endsWith('key-pair.test.ts')).toSorted()).toEqual([
      'infra/key-pair.ts',
      'lib/kms/kms.ts',
      'lib/kms/wrapped-key.ts',
    ]);
  });
});
