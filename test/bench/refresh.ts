import { redeem, tokensOf } from '../support/grants.ts';
import { measureGrants } from './grants.ts';
import { report } from './subject.ts';

void report((effort) =>
  measureGrants(
    {
      name: 'refresh',
      async form(code, deployment, id) {
        const { refresh_token } = tokensOf(await redeem(deployment, id, code));
        return { grant_type: 'refresh_token', refresh_token };
      },
    },
    effort,
  ),
);
