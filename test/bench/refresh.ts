import { redeem, tokensOf } from '../support/grants.ts';
import type { Figure } from './figure.ts';
import { measureGrants } from './grants.ts';
import type { Effort } from './measure.ts';

export const measure = (effort: Effort): Promise<Figure[]> =>
  measureGrants(
    {
      name: 'refresh',
      async form(code, deployment, id) {
        const { refresh_token } = tokensOf(await redeem(deployment, id, code));
        return { grant_type: 'refresh_token', refresh_token };
      },
    },
    effort,
  );
