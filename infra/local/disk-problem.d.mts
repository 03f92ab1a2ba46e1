export function diskProblem(error: unknown): string | undefined;
