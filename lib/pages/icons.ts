import { trustedMarkup } from './html.ts';

/** A latchkey, shown when the service has no logo. */
export const brandMark = trustedMarkup(
  '<svg width="28" height="28" viewBox="0 0 28 28" fill="none" aria-hidden="true" focusable="false">' +
    '<rect width="28" height="28" rx="8" fill="currentColor" opacity=".14"/>' +
    '<path d="M11.2 12.6a3.6 3.6 0 1 1 2.2 2.2l-1 1v1.5h-1.6v1.6H9.2v1.6H7v-2.6l5.2-5.2" transform="translate(1.2 -.8)" ' +
    'stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/>' +
    '<circle cx="17.4" cy="10.2" r="1.15" fill="currentColor"/></svg>',
);

export const tick = trustedMarkup(
  '<svg width="18" height="18" viewBox="0 0 18 18" fill="none" aria-hidden="true" focusable="false">' +
    '<path d="m3.5 9.5 3.6 3.6 7.4-8" stroke="currentColor" stroke-width="2" stroke-linecap="round" ' +
    'stroke-linejoin="round"/></svg>',
);
