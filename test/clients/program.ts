// Programs of other languages. They get their settings as variables, write one JSON document a line, and read an answer to each:
// {"visit": URL} sends the browser there, and {"step": NAME, "what": TEXT} says what came of a step.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { reusablePort } from '../support/port.ts';
import { prepareJourney, type Settings, type Step, type StepName, stepChecks } from './journey.ts';

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** The path of its redirect URI, if it is a server. */
  readonly callback?: string;
  /** Options of `latchkey client create` that its library needs. */
  readonly options?: readonly string[];
  readonly steps: readonly StepName[];
}

/** Runs a program to its end, and expects it to take its steps with the results that they must have. */
export async function expectJourney({ command, args, callback, options, steps }: Program): Promise<void> {
  const origin = `http://localhost:${await reusablePort()}`;
  const uris = { redirect_uri: `${origin}${callback}`, post_logout_redirect_uri: `${origin}/` };
  const journey = await prepareJourney(options, callback === undefined ? {} : uris);
  const check = stepChecks(journey);
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...variables(journey.settings) },
  });
  let written = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (written += text));
  const closed = once(child, 'close');
  const done: StepName[] = [];
  try {
    for await (const line of createInterface(child.stdout)) {
      const said = JSON.parse(line) as Step | { visit: string };
      if ('visit' in said) {
        child.stdin.write(`${JSON.stringify(await journey.browser.visit(said.visit))}\n`);
      } else {
        await check(said);
        done.push(said.step);
        child.stdin.write('{}\n');
      }
    }
    const [code] = await closed;
    expect({ code, done }, written).toEqual({ code: 0, done: steps });
  } finally {
    child.kill();
  }
}

/** The settings as environment variables. */
export const variables = ({ api, ...settings }: Settings): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [name.toUpperCase(), value])),
  API_URL: api.url,
  API_IDENTIFIER: api.identifier,
  API_SECRET: api.secret,
});
