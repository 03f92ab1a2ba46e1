export function missingRequirement(packages: readonly string[], version?: string): string | undefined;
export function requireNode(packages: readonly string[]): void;
