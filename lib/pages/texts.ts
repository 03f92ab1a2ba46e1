/** All texts of the pages, for you to change. For another language, add a constant of this type and a line in `languages`. */
const english = {
  signIn: {
    title: 'Sign in',
    toContinue: 'to continue to',
    username: 'Username',
    password: 'Password',
    keep: 'Keep me signed in. Only on a device that nobody else uses.',
    submit: 'Sign in',
    cancel: 'Cancel',
    refused: 'The username or password is wrong. Check both and try again.',
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
    nothing: (client: string) => `${client} asks for no access to your data.`,
    at: (resource: string) => `at ${resource}`,
    destination: (place: string) => `You will be sent to ${place}.`,
    app: 'You will be sent to an app on this device. Allow it only if you opened this page from an app that you trust.',
    allow: 'Allow',
    deny: 'Cancel',
  },
  /** What a scope means to the person who is asked to allow it. A scope without an entry is shown by its name. */
  scopes: {
    openid: 'Know who you are',
    profile: 'See your name and profile',
    email: 'See your email address',
    address: 'See your postal address',
    phone: 'See your phone number',
    groups: 'See the groups that you belong to',
    roles: 'See the roles that you have',
    offline_access: 'Keep this access while you are away',
  } as Readonly<Record<string, string>>,
  leaving: {
    title: 'Almost there',
    text: (client: string) => `You are being sent back to ${client}.`,
    submit: 'Continue',
    hint: 'If nothing happens, choose Continue. When the application has opened, you can close this page.',
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
    title: 'Something went wrong',
    request:
      'The application that sent you here made a request that this service cannot accept. Go back and try again. If that does not help, contact the people who run the application.',
    client:
      'The application that sent you here is not registered, or its return address is not. For your safety, you are not sent anywhere.',
    /** Why a form was not taken. */
    refusedForm: {
      outdated: {
        title: 'This page is out of date',
        text: 'Somebody has signed in or out since it was opened, or what it asks for has changed. Nothing has been done.',
      },
      noCookie: {
        title: 'Your browser did not send its cookie',
        text: 'Without the cookie of this service, nobody can sign in here or out. Your browser may block cookies, or it was closed in the meantime. Allow cookies for this site and try again. Nothing has been done.',
      },
      foreign: {
        title: 'This form came from another site',
        text: 'Your browser says that it was not sent by a page of this service, so nothing has been done. If a site that you do not know brought you here, close this page.',
      },
    },
    again: 'Try again',
    faultTitle: 'Please try again in a moment',
    fault: 'The service is temporarily unavailable.',
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

/** The first available language of `ui_locales`, or English. OpenID Connect Core section 3.1.2.1, RFC 4647 section 3.4 */
export function chooseLanguage(ui_locales: string | undefined): Language {
  for (const tag of ui_locales?.split(' ') ?? []) {
    for (const range of [tag.toLowerCase(), tag.toLowerCase().split('-')[0] ?? '']) {
      const texts = languages.get(range);
      if (texts) return { tag: range, texts };
    }
  }
  return ENGLISH;
}
