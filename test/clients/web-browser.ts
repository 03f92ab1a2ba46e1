import { refreshTarget } from '../support/browser.ts';

/** What a browser shows in the end. */
export interface Visit {
  readonly url: string;
  /** Empty if the page was not loaded. */
  readonly body: string;
}

export interface Person {
  readonly username: string;
  readonly password: string;
}

const MOST_PAGES = 20;

/**
 * A browser over HTTP: it keeps cookies by host, follows redirects, and fills in and submits the pages of
 * the service, and any other form. It does not
 * load https pages and schemes of apps: those stand for an app that needs only the URL.
 */
export function openWebBrowser(person: Person) {
  const jars = new Map<string, Map<string, string>>();

  async function load(url: URL, form?: URLSearchParams): Promise<Response> {
    const jar = jars.get(url.hostname) ?? new Map<string, string>();
    jars.set(url.hostname, jar);
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: {
        accept: 'text/html, */*;q=0.8',
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form && { origin: url.origin, 'sec-fetch-site': 'same-origin' }),
      },
      ...(form && { body: form }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/max-age=0\b/i.test(cookie)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  /** What the person enters on a page, and the button pressed; undefined if the page has no form. */
  function fillIn(body: string): URLSearchParams | undefined {
    if (!/<form [^>]*method="post"/.test(body)) return undefined;
    const fields = [...body.matchAll(/<input [^>]*>/g)].filter(([input]) => input.includes('type="hidden"'));
    const form = new URLSearchParams();
    for (const [input] of fields) form.set(attribute(input, 'name'), attribute(input, 'value'));
    const page = form.get('page');
    if (page === null) return form;
    if (page === 'sign_in') {
      form.set('username', person.username);
      form.set('password', person.password);
    }
    form.set('action', actions[page] ?? page);
    return form;
  }

  return {
    /** @returns the page on which nothing more is to do */
    async visit(start: string): Promise<Visit> {
      let url = new URL(start);
      let form: URLSearchParams | undefined;
      for (let pages = 0; pages < MOST_PAGES; pages += 1) {
        if (url.protocol !== 'http:') return { url: url.href, body: '' };
        const response = await load(url, form);
        form = undefined;
        const body = await response.text();
        const location = response.headers.get('location') ?? refreshTarget(body);
        if (location !== undefined) {
          url = new URL(location, url);
        } else {
          form = fillIn(body);
          if (!form) return { url: url.href, body };
          const [start = ''] = /<form [^>]*method="post"[^>]*>/.exec(body) ?? [];
          url = new URL(attribute(start, 'action'), url);
        }
      }
      throw new Error(`the browser is still at ${url} after ${MOST_PAGES} pages`);
    },
    /** Whether a page redirects, as one does that needs somebody to sign in. */
    isRedirected: async (url: string): Promise<boolean> => (await load(new URL(url))).headers.has('location'),
  };
}

export type WebBrowser = ReturnType<typeof openWebBrowser>;

/** The button that goes on, by page. */
const actions: Readonly<Record<string, string>> = { consent: 'allow', select_account: 'continue' };

const attribute = (tag: string, name: string): string =>
  unescapeHtml(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '');

const unescapeHtml = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#96;', '`')
    .replaceAll('&amp;', '&');
