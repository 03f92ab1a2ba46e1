import { watch as watchFiles } from 'node:fs';
import { join } from 'node:path';
import { fragmentDirectory } from '../package-stack.ts';

/** The function of the build script that builds again whenever a source changes. */
export type WatchFunctions = (onBuild: () => void) => Promise<{ dispose(): Promise<void> }>;

export interface ChangeHandlers {
  /** New bundles were built. */
  code(): Promise<void>;
  /** serverless.yml or one of its fragments changed. */
  template(): Promise<void>;
  failed(error: unknown): void;
}

/** Saving a file causes several events; those within this time, in milliseconds, count as one change. */
const DEBOUNCE = 50;

/** Calls back after each change of a source, until `signal` aborts. */
export async function watch(
  root: string,
  watchFunctions: WatchFunctions,
  signal: AbortSignal,
  { code, template, failed }: ChangeHandlers,
): Promise<void> {
  // The first build is not caused by a change.
  let builds = 0;
  const watcher = await watchFunctions(() => {
    builds += 1;
    if (builds > 1) code().catch(failed);
  });
  signal.addEventListener('abort', () => void watcher.dispose());

  let timer: NodeJS.Timeout | undefined;
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => template().catch(failed), DEBOUNCE);
  };
  // Watches the directory rather than the file, because many editors replace a file when they save it.
  watchFiles(root, { signal }, (_event, name) => {
    if (name === 'serverless.yml') changed();
  });
  watchFiles(join(root, fragmentDirectory), { signal }, changed);
}
