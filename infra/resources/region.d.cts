export function findRegion(
  chosen: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  profile?: string,
): Promise<string>;
export function region(variable: { options: Readonly<Record<string, string | undefined>> }): Promise<string>;
