import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Parameters, packageStack, templateFile } from '../package-stack.ts';

// Stands for the issuer in the cached package, so that another port needs no new package.
const issuerPlaceholder = 'http://localhost:PORT';

/**
 * The packaged template for the stage `local`, as JSON.
 * @param root directory of the project
 * @param signal aborts packaging
 * @param parameters further parameters of serverless.yml
 * @throws Problem with the error of `serverless`
 */
export async function packagedTemplate(
  root: string,
  issuer: string,
  signal?: AbortSignal,
  parameters: Parameters = {},
): Promise<string> {
  const packaging = { root, stage: 'local', parameters: { issuer: issuerPlaceholder, ...parameters }, signal };
  const text = readFileSync(join(await packageStack(packaging), templateFile), 'utf8');
  return text.replaceAll(issuerPlaceholder, issuer);
}
