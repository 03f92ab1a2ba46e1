import { Command } from 'commander';
import { readConfig } from '../../lib/config.ts';
import { deriveSealingKey, sealingKeyId } from '../../lib/keys/sealing-key.ts';
import { demoApis } from '../demo-apis.ts';
import { get } from './change.ts';
import { examples, withTableAction } from './command.ts';
import type { Io } from './io.ts';
import { serviceEnvironment } from './local-stack.ts';
import { fields } from './output.ts';
import * as parse from './parse.ts';

/** `latchkey resource opening-keys`: derives the keys that open the sealed tokens of one API only. */
export const openingKeysCommand = (io: Io) =>
  withTableAction(
    new Command('opening-keys')
      .description(
        'Derive the variable OPENING_KEYS for an authorizer that may open the sealed tokens of one API only.',
      )
      .argument('<identifier>', 'identifier of the resource server', parse.identifier)
      .addHelpText('after', HELP),
    io,
    async ({ out, open }, _options, id = '') => {
      const store = await open();
      const { audience } = await get(store.resourceServers, 'resource server', id);
      const config = readConfig(serviceEnvironment(io.env, store.local));
      const sealingKeys = config.get('SEALING_KEYS');
      const issuer = store.local?.issuer ?? config.get('ISSUER');
      const keys = sealingKeys.map(
        (secret) => `${sealingKeyId(secret)}.${deriveSealingKey(secret, issuer, audience).toString('base64url')}`,
      );
      const result = { AUDIENCE: audience, OPENING_KEYS: keys.join(',') };
      out.result(result, fields(result));
      out.note('Keep these keys secret: anyone who has them can also make sealed tokens for this audience.');
    },
  );

const HELP = `
The command derives one opening key from each key in SEALING_KEYS. The issuer comes from ISSUER or from the local stack.
${examples(`latchkey resource opening-keys ${demoApis.orders} --stage prod`)}`;
