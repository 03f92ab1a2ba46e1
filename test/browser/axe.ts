import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe finds, by rule, with the places. By default it looks for everything it knows, its best practices too.
 * @param options of axe
 */
export async function violations(page: Page, options: object = {}): Promise<string[]> {
  // Not by a <script>, which the policy of the pages forbids. Once a page.
  if (!(await page.evaluate('"axe" in globalThis'))) await page.evaluate(`${axe}; 0`);
  return page.evaluate<string[]>(
    `axe.run(${JSON.stringify(options)}).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target).join(' ')))`,
  );
}
