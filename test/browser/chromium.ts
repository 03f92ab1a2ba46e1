import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { describe } from 'vitest';

const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const INSTALL = 'apt-get install -y --no-install-recommends chromium-headless-shell';

/** The browser of this machine: the program that CHROMIUM names, or one that is found in PATH. */
function findChromium(): string | undefined {
  if (process.env['CHROMIUM']) return process.env['CHROMIUM'];
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  return NAMES.flatMap((name) => directories.map((directory) => join(directory, name))).find((path) =>
    existsSync(path),
  );
}

const executablePath = findChromium();

/**
 * Tests that need a browser. Where there is none they fail if it is CI that runs them, and are otherwise skipped, which is
 * said on the screen and counted in the last line.
 */
export const describeInBrowser = executablePath || process.env['CI'] ? describe : describe.skip;

if (!executablePath && !process.env['CI']) {
  process.stderr.write(`\nNo Chromium is installed, so no page is tested in a browser: ${INSTALL}\n\n`);
}

export async function launchChromium(): Promise<Browser> {
  if (!executablePath) throw new Error(`there is no Chromium here, and CI must not pass without one: ${INSTALL}`);
  const args = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  return chromium.launch({ executablePath, args });
}

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 375, height: 667 };

/** Seconds are long on a busy machine. */
const PATIENCE_MS = 20_000;

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: DESKTOP, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  return context.newPage();
}

/** Where pictures of what was tested are left for people to look at, if anywhere: SCREENSHOTS=DIR. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const directory = process.env['SCREENSHOTS'];
  if (!directory) return;
  mkdirSync(directory, { recursive: true });
  await page.screenshot({ path: join(directory, `${name.replace(/[^\w-]+/g, '-')}.png`), fullPage: true });
}
