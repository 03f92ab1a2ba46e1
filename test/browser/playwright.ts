import { createRequire } from 'node:module';

// Not imported, because Node.js would read the whole package once more for the names of its exports.
export const { chromium } = createRequire(import.meta.url)('playwright-core') as typeof import('playwright-core');
