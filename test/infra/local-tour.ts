import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { demoApis } from '../../infra/demo-apis.ts';

/** Pastes what `npm start` printed into a shell, and expects the answers that it promises. */
export async function expectTourToWork(printed: string, issuer: string): Promise<void> {
  const [tour = ''] = printed.split(/^ready /m);
  const { stdout } = await promisify(execFile)('sh', ['-c', tour]);
  const [jwt, reference, introspectedJwt, introspectedReference, ...refusals] = stdout.trim().split('\n');
  const answers = [jwt, reference, introspectedJwt, introspectedReference].map((line) => JSON.parse(line ?? ''));
  expect(answers).toMatchObject([
    { client_id: 'machine-jwt', aud: demoApis.orders, scope: 'orders:read orders:write' },
    { client_id: 'machine-reference', aud: demoApis.orders, scope: 'orders:read orders:write' },
    { active: true, client_id: 'machine-jwt', iss: issuer },
    { active: true, client_id: 'machine-reference', iss: issuer },
  ]);
  expect(refusals).toEqual(['{}', '{}', '403', '403']);
}
