import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { describe } from 'vitest';
import { startShared } from '../support/shared.ts';
import { findChromium, INSTALL } from './chromium-server.ts';
import { chromium } from './playwright.ts';

const hasChromium = findChromium() !== undefined;

/**
 * Tests that need a browser. Where there is none they fail if it is CI that runs them, and are otherwise skipped, which is
 * said on the screen and counted in the last line.
 */
export const describeInBrowser = hasChromium || process.env['CI'] ? describe : describe.skip;

if (!hasChromium && !process.env['CI']) {
  process.stderr.write(`\nNo Chromium is installed, so no page is tested in a browser: ${INSTALL}\n\n`);
}

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 375, height: 667 };

/** Ends before the time-out of a test, because Playwright says what it waits for. A busy machine needs a part of it. */
export const PATIENCE_MS = 240_000;

// Once in each thread: its test files follow one another.
let connecting: Promise<Browser> | undefined;

/** The one browser of this run. */
async function sharedBrowser(): Promise<Browser> {
  connecting ??= startShared('browser').then((endpoint) => chromium.connect(endpoint, { timeout: 0 }));
  return connecting;
}

/** A page of a visitor whom the browser has not seen before. */
export async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
  const browser = await sharedBrowser();
  const context = await browser.newContext({ viewport: DESKTOP, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  return context.newPage();
}

/** Where to save screenshots of the tested pages, if anywhere: SCREENSHOTS=DIR. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const directory = process.env['SCREENSHOTS'];
  if (!directory) return;
  mkdirSync(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name.replace(/[^\w-]+/g, '-')}.png`), fullPage: true });
}
