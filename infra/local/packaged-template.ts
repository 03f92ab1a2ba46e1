import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageStack, templateFile } from '../package-stack.ts';
import type { Parameters } from '../parameters.ts';

// Stands for the issuer in the cached package, so that another port needs no new package.
const issuerPlaceholder = 'https://issuer.invalid';

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
