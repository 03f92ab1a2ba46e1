/** Milliseconds, connection included. */
const PATIENCE = 5_000;

/**
 * Posts a form to a client of ours, and tells the status of its answer. What is answered is not read, and redirects are not
 * followed: they could lead anywhere.
 * @throws when there is no answer in time
 */
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
