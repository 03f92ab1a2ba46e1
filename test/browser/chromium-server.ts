import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { BrowserServer } from 'playwright-core';
import { chromium } from './playwright.ts';

const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

export const INSTALL = 'apt-get install -y --no-install-recommends chromium-headless-shell';

/** The browser of this machine: the program that CHROMIUM names, or one that is found in PATH. */
export function findChromium(): string | undefined {
  if (process.env['CHROMIUM']) return process.env['CHROMIUM'];
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  return NAMES.flatMap((name) => directories.map((directory) => join(directory, name))).find((path) =>
    existsSync(path),
  );
}

/** Starts a browser that several threads can connect to, each with contexts of its own. */
export async function launchChromiumServer(): Promise<BrowserServer> {
  const executablePath = findChromium();
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
  return chromium.launchServer({ executablePath, args, host: '127.0.0.1', timeout: 0 });
}
