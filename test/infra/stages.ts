import { setups } from './template-rules.ts';

const changed = {
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
  'secrets-version': '2',
  'encrypted-tokens': 'on',
  'keep-signed-in': '2592000',
};
/** Stages of every kind, each with the parameters that it is packaged with. */
export const parameters: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  dev: {},
  prod: changed,
  local: { issuer: 'http://localhost:3000' },
  ...Object.fromEntries(Object.entries(setups).map(([stage, setup]) => [stage, setup.parameters])),
  wrapped: { ...changed, ...setups['wrapped']?.parameters },
};
