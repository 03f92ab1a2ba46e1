import { OAuthError } from './errors.ts';

/** OpenID Connect Core section 3.1.2.1 */
export const prompts = ['none', 'login', 'consent', 'select_account'] as const;

export type Prompt = (typeof prompts)[number];

/** @throws OAuthError `invalid_request` for an unknown value, or `none` with another */
export function parsePrompt(text: string | undefined): ReadonlySet<Prompt> {
  const found = text?.split(' ').map((value) => {
    const prompt = prompts.find((candidate) => candidate === value);
    if (!prompt) throw new OAuthError('invalid_request', 'prompt has a value that is not supported');
    return prompt;
  });
  const values = new Set(found);
  if (values.has('none') && values.size > 1)
    throw new OAuthError('invalid_request', 'prompt has none together with other values');
  return values;
}
