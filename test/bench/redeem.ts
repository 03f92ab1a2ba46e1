import { redemption } from '../support/grants.ts';
import type { Figure } from './figure.ts';
import { measureGrants } from './grants.ts';
import type { Effort } from './measure.ts';

export const measure = (effort: Effort): Promise<Figure[]> =>
  measureGrants({ name: 'redeem', form: async (code) => redemption(code) }, effort);
