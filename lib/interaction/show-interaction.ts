import type { HttpResponse } from '../http/message.ts';
import type { UserClaims } from '../oauth/user.ts';
import { accountPage } from '../pages/account.ts';
import { consentPage } from '../pages/consent.ts';
import type { HtmlForm } from '../pages/form.ts';
import { type SignInPage, signInPage } from '../pages/sign-in.ts';
import type { Continuation } from './continuation.ts';
import type { Interaction } from './next-interaction.ts';
import { createHtmlForm, type PageForm } from './page-form.ts';
import type { SignInContext } from './sign-in.ts';
import { type Visit, withCookies } from './visit.ts';

export interface Shown extends Pick<SignInPage, 'username' | 'failed' | 'keep'> {
  /** Of the person who is signed in. */
  readonly claims?: UserClaims | undefined;
}

export function showInteraction(
  interaction: Interaction,
  visit: Visit<SignInContext>,
  continuation: Continuation,
  shown: Shown = {},
): HttpResponse {
  const form = createHtmlForm(interactionForm(interaction, continuation), visit);
  return withCookies(pages[interaction](visit, form, continuation, shown), visit);
}

/** Consent is bound to the access that the page lists, which can change while the page is open. */
export const interactionForm = (page: Interaction, { endpoint, query, consent }: Continuation): PageForm => {
  const listed = page === 'consent' && consent ? [...consent.access.scope, '', ...consent.access.resources] : [];
  return { page, query, purpose: [endpoint, page, query, ...listed] };
};

type Show = (visit: Visit<SignInContext>, form: HtmlForm, continuation: Continuation, shown: Shown) => HttpResponse;

const pages = {
  sign_in({ site, context }, form, { login_hint }, { username = login_hint, claims, failed, keep = false }) {
    const proposed = username ?? textOf(claims?.['preferred_username']);
    return signInPage(site, {
      form,
      ...(proposed && { username: proposed }),
      ...(failed && { failed }),
      ...(context.keepSignedIn > 0 && { keep }),
    });
  },
  select_account: ({ site }, form, _, { claims }) => accountPage(site, { form, name: nameOf(claims) }),
  consent({ site }, form, { consent }, { claims }) {
    if (!consent) throw new Error('there is nothing to allow');
    const { access, destination } = consent;
    return consentPage(site, { form, ...access, destination, name: nameOf(claims) });
  },
} satisfies Record<Interaction, Show>;

const nameOf = (claims: UserClaims | undefined): string | undefined =>
  textOf(claims?.['name']) ?? textOf(claims?.['preferred_username']) ?? textOf(claims?.['email']);

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
