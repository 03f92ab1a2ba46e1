import { redemption } from '../support/grants.ts';
import { measureGrants } from './grants.ts';
import { report } from './subject.ts';

void report((effort) => measureGrants({ name: 'redeem', form: async (code) => redemption(code) }, effort));
