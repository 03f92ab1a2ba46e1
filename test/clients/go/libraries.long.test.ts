// Client libraries for Go, unmodified.
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { go, installPeer } from '../../support/toolchain.ts';
import { expectJourney, type Program } from '../program.ts';

const programs: Readonly<Record<string, Omit<Program, 'args'>>> = {
  'golang.org/x/oauth2 with coreos/go-oidc': { command: 'oauth2', steps: ['sign in', 'userinfo', 'refresh'] },
  'zitadel/oidc': {
    command: 'zitadel',
    callback: '/callback',
    steps: ['sign in', 'userinfo', 'refresh', 'introspection', 'revocation', 'logout'],
  },
};

const installed = await installPeer('test/clients/go', go);

describe.skipIf(!installed)('The steps that client libraries for Go take work with', () => {
  it.each(Object.entries(programs))('%s', (_name, { command, ...program }) =>
    expectJourney({ command: join(installed!, command), args: [], ...program }),
  );
});
