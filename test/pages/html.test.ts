import { describe, expect, it } from 'vitest';
import { html, serializeHtml, trustedMarkup, type Value } from '../../lib/pages/html.ts';
import { chooseLanguage } from '../../lib/pages/texts.ts';
import { theme } from '../../lib/pages/theme.ts';

describe('An HTML template', () => {
  it.each<[what: string, Value, text: string]>([
    ['text', `&<>"'\``, '&amp;&lt;&gt;&quot;&#39;&#96;'],
    ['text that is escaped already', '&lt;', '&amp;lt;'],
    ['a number', 7, '7'],
    ['nothing', undefined, ''],
    ['false', false, ''],
    ['no text', '', ''],
    ['markup', html`<b>${'<'}</b>`, '<b>&lt;</b>'],
    ['a list', ['<', html`<br>`, ['>', undefined]], '&lt;<br>&gt;'],
    ['an object that is not markup', { toString: () => '<b>' } as never, 'undefined'],
    ['markup of our own', trustedMarkup('<svg></svg>'), '<svg></svg>'],
  ])('accepts %s', (_, value, text) => {
    expect(serializeHtml(html`<p title="${value}">${value}</p>`)).toBe(`<p title="${text}">${text}</p>`);
  });

  it('does not accept markup from JSON', () => {
    const forged = JSON.parse('{"markup":"<b>","Symbol(markup)":"<b>"}') as never;
    expect(serializeHtml(html`${forged}`)).not.toContain('<b>');
  });
});

describe('The language of the pages', () => {
  it.each([[undefined], ['en'], ['en-GB de'], ['de fr'], ['tlh'], [''], ['__proto__ constructor']])(
    'for %s',
    (wanted) => {
      expect(chooseLanguage(wanted).tag).toBe('en');
    },
  );
});

describe('The theme of the pages', () => {
  const [light = '', dark = ''] = theme.split('@media');
  const colour = (of: string, name: string) => new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(of)?.[1] ?? '';

  const luminance = (hex: string) => {
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
      const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one: string, other: string) => {
    const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };

  it.each(['light', 'dark'])('has sufficient contrast, %s', (name) => {
    const of = name === 'light' ? light : dark;
    const pairs: [string, string, number][] = [
      ...['background', 'surface', 'surface-sunken'].flatMap((ground): [string, string, number][] => [
        ['text', ground, 4.5],
        ['text-soft', ground, 4.5],
        ['accent', ground, 4.5],
        ['edge', ground, 3],
      ]),
      ['accent', 'tint', 4.5],
      ['on-accent', 'accent', 4.5],
      ['on-accent', 'accent-strong', 4.5],
      ['danger', 'danger-surface', 4.5],
      ['danger', 'surface', 3],
    ];
    const poor = pairs.filter(([one, other, least]) => contrast(colour(of, one), colour(of, other)) < least);
    expect(poor).toEqual([]);
  });
});
