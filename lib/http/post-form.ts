/** Milliseconds, including the time to connect. */
const PATIENCE = 5_000;

/** Follows no redirect, which could lead anywhere. @returns the status @throws Error when there is no response in time */
export async function postForm(uri: string, form: Readonly<Record<string, string>>): Promise<number> {
  const { status, body } = await fetch(uri, {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
    signal: AbortSignal.timeout(PATIENCE),
  });
  await body?.cancel();
  return status;
}
