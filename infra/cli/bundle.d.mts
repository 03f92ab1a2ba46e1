import type { BuildOptions } from 'esbuild';

export const PROGRAM: string;
export const options: BuildOptions;
export function bundleCommandLine(): Promise<string>;
