import type { Command } from 'commander';
import type { ResourceServer } from '../../lib/oauth/resource-server.ts';
import * as parse from './parse.ts';
import { hasRows, type RowOptions, rowChanges, type SettingRows, single, withRows } from './setting-rows.ts';

// What an API wants its tokens to say: one row for each member of its record.

const rows: SettingRows<ResourceServer> = {
  settings: [
    {
      member: 'groups_claim',
      flags: '--groups-claim <name>',
      description: 'claim with the groups of the user or client (default: groups)',
      parse: single(parse.name),
    },
    {
      member: 'roles_claim',
      flags: '--roles-claim <name>',
      description: 'claim with the roles of the user or client (default: roles)',
      parse: single(parse.name),
    },
    {
      member: 'access_token_static_audience',
      flags: '--static-audience <aud>',
      description:
        'further aud of its tokens that several APIs may share, such as ISSUER/resources of IdentityServer; not in sealed tokens',
      parse: single(parse.newAudience),
    },
  ],
  switches: [
    { member: 'access_token_nbf', flags: '--nbf', description: 'add nbf, the time of issue', opposite: '--no-nbf' },
    {
      member: 'access_token_scope_list',
      flags: '--scope-list',
      description: 'make scope a list, as IdentityServer does, in place of one text (RFC 9068 section 2.2.3)',
      opposite: '--no-scope-list',
    },
  ],
};

export const withClaimSettings = (command: Command): Command =>
  withRows(command, 'Claims of its access tokens (the value "default" removes a setting):', rows);

export const hasClaimSettings = (options: RowOptions): boolean => hasRows(rows, options);

export const claimChanges = (options: RowOptions): Partial<ResourceServer> => rowChanges(rows, options);
