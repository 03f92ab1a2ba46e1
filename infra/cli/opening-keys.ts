import { Command } from 'commander';
import { readConfig } from '../../lib/config.ts';
import { deriveSealingKey, sealingKeyId } from '../../lib/keys/sealing-key.ts';
import { get } from './change.ts';
import { examples, onTable } from './command.ts';
import type { Io } from './io.ts';
import { fields } from './output.ts';
import * as parse from './parse.ts';

/** `latchkey resource opening-keys`: what opens the sealed tokens of one API, and those of no other. */
export const openingKeysCommand = (io: Io) =>
  onTable(
    new Command('opening-keys')
      .description(
        'Derive the variable OPENING_KEYS for an authorizer that must open the sealed tokens of one API only.',
      )
      .argument('<identifier>', 'which', parse.identifier)
      .addHelpText('after', HELP),
    io,
    async ({ out, open }, _options, id = '') => {
      const store = await open();
      const { audience } = await get(store.resourceServers, 'resource server', id);
      const config = readConfig(io.env);
      const sealingKeys = config.get('SEALING_KEYS');
      const issuer = store.local?.issuer ?? config.get('ISSUER');
      const keys = sealingKeys.map(
        (secret) => `${sealingKeyId(secret)}.${deriveSealingKey(secret, issuer, audience).toString('base64url')}`,
      );
      const result = { AUDIENCE: audience, OPENING_KEYS: keys.join(',') };
      out.result(result, fields(result));
      out.note('Whoever has them can also make such tokens, for this audience.');
    },
  );

const HELP = `
Takes the ring from SEALING_KEYS, and the issuer from ISSUER or from the local stack. One key for each of the ring.
${examples('latchkey resource opening-keys orders --stage prod')}`;
