import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Parameters, packageStack, templateFile } from '../package-stack.ts';

// Stands for the issuer in the package that is kept, so that another port needs no new one.
const issuerPlaceholder = 'http://localhost:PORT';

/**
 * The packaged template for the stage `local`, JSON.
 * @param root of the project
 * @param signal ends packaging early
 * @param parameters what to package with besides
 * @throws Problem with what `serverless` complained about
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
