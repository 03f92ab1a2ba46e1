import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds, by rule, with the places; everything it knows, its best practices too. */
export async function violations(page: Page): Promise<string[]> {
  // Not by a <script>, which the pages' own policy forbids.
  await page.evaluate(`${axe}; 0`);
  return page.evaluate<string[]>(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target).join(' ')))`,
  );
}
