import type { Form } from '../http/form.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { Interaction } from './next-interaction.ts';
import { PAGE_FIELD } from './page-form.ts';

/** The actions of each page. `switch` asks for another account, `cancel` denies the request. */
const actions = {
  sign_in: ['sign_in', 'cancel'],
  select_account: ['continue', 'switch', 'cancel'],
  consent: ['allow', 'switch', 'cancel'],
} as const satisfies Record<Interaction, readonly string[]>;

type Action = (typeof actions)[Interaction][number];

export interface Submission {
  readonly page: Interaction;
  readonly action: Action;
  readonly form: Form;
}

/** @throws OAuthError `invalid_request` */
export function parseSubmission(form: Form): Submission {
  const [page, allowed] = Object.entries(actions).find(([name]) => name === form.get(PAGE_FIELD)) ?? [];
  const action = allowed?.find((candidate) => candidate === form.get('action'));
  if (!page || !action) throw new OAuthError('invalid_request', 'the page or the action is unknown');
  return { page: page as Interaction, action, form };
}
