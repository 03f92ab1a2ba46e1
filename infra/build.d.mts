import type { BuildContext, BuildOptions, Metafile } from 'esbuild';

export const options: BuildOptions;
export function buildFunctions(): Promise<void>;
export function analyseFunctions(): Promise<Metafile>;
export function watchFunctions(onBuild: () => void): Promise<BuildContext>;
