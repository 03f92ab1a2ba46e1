import type { Response } from '../http/message.ts';
import type { Handles } from '../oauth/handle.ts';
import type { Interaction } from '../oauth/interaction.ts';
import type { UserClaims } from '../oauth/user.ts';
import { accountPage } from '../pages/account.ts';
import { consentPage } from '../pages/consent.ts';
import type { Site } from '../pages/page.ts';
import { type SignInPage, signInPage } from '../pages/sign-in.ts';
import { type Bound, createForm } from './authorization-form.ts';
import { formActionFor, type Target } from './authorization-target.ts';

export interface Shown {
  readonly site: Site;
  readonly target: Target;
  readonly bound: Bound;
  /** What is known of whoever is signed in. */
  readonly user: UserClaims | undefined;
  readonly login_hint: string | undefined;
}

/** The page for what has to be asked next. */
export function showPage(
  interaction: Interaction,
  { site, target, bound, user, login_hint }: Shown,
  handles: Handles,
  failed?: SignInPage['failed'],
): Response {
  const common = { form: createForm(interaction, bound, handles), formAction: formActionFor(target) };
  if (interaction === 'sign_in') {
    const username = login_hint ?? text(user?.['preferred_username']);
    return signInPage(site, { ...common, ...(username && { username }), ...(failed && { failed }) });
  }
  const name = text(user?.['name']) ?? text(user?.['preferred_username']) ?? text(user?.['email']);
  if (interaction === 'select_account') return accountPage(site, { ...common, name });
  const { scope, resources } = bound;
  return consentPage(site, { ...common, name, scope, resources, destination: hostOf(target.redirect_uri) });
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Nothing for an app on the device. */
const hostOf = (uri: string): string | undefined => (uri.startsWith('https:') ? new URL(uri).host : undefined);
