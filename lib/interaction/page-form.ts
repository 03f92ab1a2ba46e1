import type { Form } from '../http/form.ts';
import { isSameOrigin } from '../http/same-origin.ts';
import type { HtmlForm } from '../pages/form.ts';
import { isPageToken, mintPageToken } from './page-token.ts';
import type { Visit } from './visit.ts';

/** It posts back to the endpoint that showed it. */
export interface PageForm {
  /** The value of the field `page`. */
  readonly page: string;
  /** As a query. */
  readonly query: string;
  /** What the page token is bound to besides the browser: a form shown for another purpose is refused. */
  readonly purpose: readonly string[];
}

export const PAGE_FIELD = 'page';
const TOKEN_FIELD = 'page_token';

/** Otherwise it is a request that a client posts. */
export const isFromPage = (form: Form): boolean => form.get(PAGE_FIELD) !== undefined;

export const createHtmlForm = ({ page, query, purpose }: PageForm, { browser, handles }: Visit): HtmlForm => ({
  action: `?${query}`,
  fields: { [PAGE_FIELD]: page, [TOKEN_FIELD]: mintPageToken(handles.page, browser.secret, purpose) },
});

/**
 * Undefined when it is from this page and this browser. RFC 9700 section 4.7. The origin is first: browsers send no cookie with
 * another site's form.
 */
export function whyRefused(
  form: Form,
  { purpose }: PageForm,
  { request, browser, handles, context }: Visit,
): 'foreign' | 'noCookie' | 'outdated' | undefined {
  if (!isSameOrigin(request, context.issuer)) return 'foreign';
  if (browser.isNew) return 'noCookie';
  const isGenuine = isPageToken(handles.page, form.get(TOKEN_FIELD) ?? '', browser.secret, purpose);
  return isGenuine ? undefined : 'outdated';
}
