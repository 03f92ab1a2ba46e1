import type { Form } from '../http/form.ts';
import type { Request } from '../http/message.ts';
import { isSameOrigin } from '../http/same-origin.ts';
import { OAuthError } from '../oauth/errors.ts';
import type { Handles } from '../oauth/handle.ts';
import type { Interaction } from '../oauth/interaction.ts';
import { isPageToken, mintPageToken } from '../oauth/page-token.ts';
import type { PostForm } from '../pages/form.ts';

/** What each page lets the user do. `switch` signs in as somebody else, `cancel` sends the client away. */
const actions = {
  sign_in: ['sign_in', 'cancel'],
  select_account: ['continue', 'switch', 'cancel'],
  consent: ['allow', 'switch', 'cancel'],
} as const satisfies Record<Interaction, readonly string[]>;

export type Action = (typeof actions)[Interaction][number];

/** What a user did on a page of ours. */
export interface Step {
  readonly page: Interaction;
  readonly action: Action;
  readonly form: Form;
}

/** The field that tells a page of ours from a request that a client posts. */
export const PAGE = 'page';
const TOKEN = 'page_token';

/** @throws OAuthError `invalid_request` for what is on no page */
export function readStep(form: Form): Step {
  const [page, allowed] = Object.entries(actions).find(([name]) => name === form.get(PAGE)) ?? [];
  const action = allowed?.find((candidate) => candidate === form.get('action'));
  if (!page || !action) throw new OAuthError('invalid_request', 'there is no such page or action');
  return { page: page as Interaction, action, form };
}

/** What a page is bound to: the browser, the request, and what the user is asked to allow. */
export interface Bound {
  readonly sid: string;
  readonly query: string;
  readonly scope: readonly string[];
  readonly resources: readonly string[];
}

const purpose = (page: Interaction, { query, scope, resources }: Bound) =>
  ['authorize', page, query, ...(page === 'consent' ? [...scope, '', ...resources] : [])] as const;

export const createForm = (page: Interaction, bound: Bound, handles: Handles): PostForm => ({
  action: `?${bound.query}`,
  fields: { [PAGE]: page, [TOKEN]: mintPageToken(handles, bound.sid, ...purpose(page, bound)) },
});

/** Whether a form was on a page of ours, in this browser, for this request. RFC 9700 section 4.7 */
export const isOurs = (
  { page, form }: Step,
  bound: Bound,
  request: Request,
  issuer: string,
  handles: Handles,
): boolean =>
  isSameOrigin(request, issuer) && isPageToken(handles, form.get(TOKEN) ?? '', bound.sid, ...purpose(page, bound));
