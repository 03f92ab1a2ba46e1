// `npm ci` runs this, so that the first command need not wait for the bundle. If this fails, the first command builds it.
try {
  const { bundleCommandLine } = await import('./bundle.mjs');
  await bundleCommandLine();
} catch {}
