export const root: string;
export const cache: string;
export function sources(from?: string): string[];
export function fingerprint(from?: string): string;
