import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { theme } from '../../lib/pages/theme.ts';

/** Every colour of a stylesheet by its name, in light and in dark. */
function colours(css: string): string[] {
  const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');
  const found = (text: string, look: string) =>
    [...text.matchAll(/(--[\w-]+): (#\w{6}|[^;]*rgb[^;]*);/g)].map(([, name, value]) => `${look} ${name}: ${value}`);
  return [...found(light, 'light'), ...found(dark, 'dark')];
}

it('The demo apps have the colours of the pages of the service, in light and in dark', () => {
  const css = readFileSync(new URL('../../examples/web-app/style.css', import.meta.url), 'utf8');
  expect(colours(theme).length).toBeGreaterThan(25);
  expect(colours(css)).toEqual(colours(theme));
});
