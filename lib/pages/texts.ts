/** Every word on the pages, for you to change. For another language, add a constant of this type and a line to `languages`. */
const english = {
  signIn: {
    title: 'Sign in',
    toContinue: 'to continue to',
    username: 'Username',
    password: 'Password',
    submit: 'Sign in',
    cancel: 'Cancel',
    refused: 'That username and password do not go together. Check both and try again.',
    delayed: (seconds: number) =>
      seconds < 90
        ? `Too many attempts. Try again in ${seconds === 1 ? 'a second' : `${seconds} seconds`}.`
        : `Too many attempts. Try again in ${Math.ceil(seconds / 60)} minutes.`,
  },
  account: {
    title: 'Choose an account',
    toContinue: 'to continue to',
    signedIn: 'Signed in',
    another: 'Use another account',
    cancel: 'Cancel',
    nameless: 'Your account',
  },
  consent: {
    title: (client: string) => `Allow ${client} access?`,
    signedInAs: 'Signed in as',
    another: 'Use another account',
    intro: (client: string) => `If you allow it, ${client} can:`,
    nothing: (client: string) => `${client} asks for nothing but that you are there.`,
    at: (resource: string) => `at ${resource}`,
    destination: (place: string) => `You will go on to ${place}.`,
    app: 'You will go on to an app on this device. Allow it only if you opened this page from an app that you trust.',
    allow: 'Allow',
    deny: 'Cancel',
  },
  /** What a scope means to the person who is asked to allow it. A scope without an entry is shown by its name. */
  scopes: {
    openid: 'Know that it is you',
    profile: 'See your name and profile',
    email: 'See your email address',
    address: 'See your postal address',
    phone: 'See your phone number',
    offline_access: 'Keep this access while you are away',
  } as Readonly<Record<string, string>>,
  formPost: {
    title: 'Almost there',
    text: (client: string) => `You are being sent back to ${client}.`,
    submit: 'Continue',
  },
  signOut: {
    title: 'Sign out?',
    text: (service: string) =>
      `You will be signed out of ${service} in this browser. To stay signed in, close this page.`,
    askedBy: (client: string) => `${client} asks for this.`,
    submit: 'Sign out',
    doneTitle: 'You are signed out',
    doneText: 'You can close this window.',
  },
  error: {
    title: 'This did not work',
    request:
      'The application that sent you here asked for something that cannot be done. Going back and trying again may help; if not, tell the people who make the application.',
    client:
      'The application that sent you here is not known, or may not send you on to where it wants. To be safe, you are not sent anywhere.',
    outdatedTitle: 'This page is out of date',
    outdated: 'It was open for too long, or your browser did not send back its cookie. Nothing was done.',
    again: 'Try again',
    faultTitle: 'Please try again in a moment',
    fault: 'Something on our side did not answer. Nothing was lost.',
  },
  footer: {
    policy: 'Privacy',
    terms: 'Terms',
    site: (client: string) => `About ${client}`,
  },
};

export type Texts = typeof english;

export const languages: ReadonlyMap<string, Texts> = new Map([['en', english]]);

export interface Language {
  /** BCP 47 */
  readonly tag: string;
  readonly texts: Texts;
}

const ENGLISH: Language = { tag: 'en', texts: english };

/** The first language of `ui_locales` that is available, or English. OpenID Connect Core section 3.1.2.1, RFC 4647 section 3.4 */
export function chooseLanguage(ui_locales: string | undefined): Language {
  for (const tag of ui_locales?.split(' ') ?? []) {
    for (const range of [tag.toLowerCase(), tag.toLowerCase().split('-')[0] ?? '']) {
      const texts = languages.get(range);
      if (texts) return { tag: range, texts };
    }
  }
  return ENGLISH;
}
