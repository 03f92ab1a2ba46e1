// Run by `npm ci`, so that the first command does not have to wait for the bundle. A command makes it when this could not.
try {
  const { bundleCommandLine } = await import('./bundle.mjs');
  await bundleCommandLine();
} catch {}
