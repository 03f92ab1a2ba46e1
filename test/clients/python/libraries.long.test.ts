// Client libraries for Python, unmodified.
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { installPeer, python } from '../../support/toolchain.ts';
import { expectJourney, type Program } from '../program.ts';

const directory = import.meta.dirname;

const programs: Readonly<Record<string, Omit<Program, 'command'>>> = {
  'requests-oauthlib': {
    args: [join(directory, 'requests_oauthlib_program.py')],
    steps: ['sign in', 'userinfo', 'refresh'],
  },
  Authlib: {
    args: [join(directory, 'authlib_program.py')],
    callback: '/callback',
    steps: ['sign in', 'userinfo', 'refresh', 'introspection', 'revocation', 'logout'],
  },
  'social-auth-core in Django': {
    args: [join(directory, 'django_program.py')],
    callback: '/complete/oidc/',
    steps: ['sign in', 'userinfo', 'refresh'],
  },
};

const installed = await installPeer('test/clients/python', python);

describe.skipIf(!installed)('The steps that client libraries for Python take work with', () => {
  it.each(Object.entries(programs))('%s', (_name, program) =>
    expectJourney({ command: join(installed!, 'bin/python'), ...program }),
  );
});
