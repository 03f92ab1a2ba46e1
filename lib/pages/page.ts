import { createHash } from 'node:crypto';
import type { HttpResponse } from '../http/message.ts';
import type { Client } from '../oauth/client.ts';
import { type Html, html, serializeHtml, trustedMarkup } from './html.ts';
import { brandMark } from './icons.ts';
import { style } from './style.ts';
import { chooseLanguage, type Language } from './texts.ts';

export interface Service {
  readonly name: string;
  readonly logo_uri?: string;
}

/** What all pages of one visit have in common. */
export interface Site {
  readonly service: Service;
  readonly language: Language;
  /** The application that the person signs in to, if known. */
  readonly client?: Client;
}

export const createSite = (service: Service, ui_locales?: string, client?: Client): Site => ({
  service,
  language: chooseLanguage(ui_locales),
  ...(client && { client }),
});

export interface Page {
  readonly status?: number;
  readonly title: string;
  readonly content: Html;
  /** Where the browser goes on to by itself. The content has a link to it. */
  readonly leadsTo?: string;
  /** Its form is for the client; by default, forms may be sent to this service only. */
  readonly hasClientForm?: true;
  /** It is the last one, so a page that opened it in a window needs no hold on it any more. */
  readonly isLast?: true;
  /** The only script that the policy allows. */
  readonly script?: Html;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Renders a page as a response. Caches do not store it, frames cannot show it, and it loads nothing but the logos. */
export function renderPage(site: Site, page: Page): HttpResponse {
  const { service, language, client } = site;
  const document = html`<!doctype html>
<html lang="${language.tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${page.leadsTo !== undefined && html`<meta http-equiv="refresh" content="0;url=${page.leadsTo}">`}
<title>${page.title} · ${service.name}</title>
<style>${STYLE}</style>
</head>
<body>
<header class="brand">${brand(service)}</header>
<main class="card">${page.content}</main>
${footer(site)}${page.script && html`<script>${page.script}</script>`}
</body>
</html>`;
  return {
    status: page.status ?? 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': policy(page, [service.logo_uri, client?.logo_uri]),
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      // With `no-referrer`, browsers would send `Origin: null` with forms. Fetch standard, "append Origin header"
      'referrer-policy': page.leadsTo === undefined ? 'strict-origin' : 'no-referrer',
      ...(page.isLast && { 'cross-origin-opener-policy': 'same-origin' }),
      ...page.headers,
    },
    body: serializeHtml(document),
  };
}

const STYLE = trustedMarkup(style);

/** Sources without a character that could end a directive. Others are left out of the policy. */
const SOURCE = /^[a-z][\w.+-]*:(\/\/[\w.-]+(:\d+)?)?$/;

const hash = (content: Html) => `'sha256-${createHash('sha256').update(serializeHtml(content)).digest('base64')}'`;

/** docs/security.md says what `form-action` protects from, and why it is left out of a page with a form for the client. */
function policy({ hasClientForm, script }: Page, images: readonly (string | undefined)[]): string {
  const logos = sources(images.filter(isWebUri).map((uri) => new URL(uri).origin));
  const directives = [
    "default-src 'none'",
    `style-src ${hash(STYLE)}`,
    ...(script ? [`script-src ${hash(script)}`] : []),
    ...(logos !== '' ? [`img-src ${logos}`] : []),
    ...(hasClientForm ? [] : ["form-action 'self'"]),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  return directives.join('; ');
}

const sources = (list: readonly string[]): string => [...new Set(list)].filter((one) => SOURCE.test(one)).join(' ');

/** Whether a URI may be in a link or picture. A URI with `javascript:`, for example, may not. */
function isWebUri(uri: string | undefined): uri is string {
  return uri !== undefined && URL.canParse(uri) && ['https:', 'http:'].includes(new URL(uri).protocol);
}

const brand = ({ name, logo_uri }: Service): Html =>
  isWebUri(logo_uri)
    ? html`<img src="${logo_uri}" alt="${name}" referrerpolicy="no-referrer">`
    : html`${brandMark}<span>${name}</span>`;

/** The client's logo, or the first letter of its name. */
export function clientLogo(client: Client): Html {
  const picture = isWebUri(client.logo_uri)
    ? html`<img src="${client.logo_uri}" alt="" referrerpolicy="no-referrer">`
    : firstLetter(clientName(client));
  return html`<div class="mark" aria-hidden="true">${picture}</div>`;
}

export const clientName = ({ client_name, client_id }: Client): string => client_name ?? client_id;

/** The first letter as people perceive it, which can consist of several code points. */
export const firstLetter = (name: string): string => [...new Intl.Segmenter().segment(name.trim())][0]?.segment ?? '';

function footer({ client, language }: Site): Html | undefined {
  if (!client) return undefined;
  const { footer: texts } = language.texts;
  const links = [
    [client.client_uri, texts.site(clientName(client))],
    [client.policy_uri, texts.policy],
    [client.tos_uri, texts.terms],
  ] as const;
  const shown = links.filter(([uri]) => isWebUri(uri));
  if (shown.length === 0) return undefined;
  const items = shown.map(
    ([uri, text]) => html`<a href="${uri}" target="_blank" rel="noopener noreferrer">${text}</a>`,
  );
  return html`<footer>${items}</footer>`;
}
