import { watch as watchFiles } from 'node:fs';
import { join } from 'node:path';
import { fragmentDirectory } from '../package-stack.ts';

/** Of the build script: builds again whenever a source changes. */
export type WatchFunctions = (onBuild: () => void) => Promise<{ dispose(): Promise<void> }>;

export interface Changes {
  /** The bundles are new. */
  code(): Promise<void>;
  /** serverless.yml or one of its fragments changed. */
  template(): Promise<void>;
  failed(error: unknown): void;
}

/** Milliseconds in which the many events of one saved file count as one. */
const calm = 50;

/** Calls back after each change of a source, until `signal`. */
export async function watch(
  root: string,
  watchFunctions: WatchFunctions,
  signal: AbortSignal,
  { code, template, failed }: Changes,
): Promise<void> {
  // Builds end one at a time; the first is not of a change.
  let builds = 0;
  const watcher = await watchFunctions(() => {
    builds += 1;
    if (builds > 1) code().catch(failed);
  });
  signal.addEventListener('abort', () => void watcher.dispose());

  let timer: NodeJS.Timeout | undefined;
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(() => template().catch(failed), calm);
  };
  // The directory and not the file, because many editors put a new file in its place.
  watchFiles(root, { signal }, (_event, name) => {
    if (name === 'serverless.yml') changed();
  });
  watchFiles(join(root, fragmentDirectory), { signal }, changed);
}
