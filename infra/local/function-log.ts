/**
 * Shows the output of functions: all of it if `verbose`, otherwise errors only.
 * @param write receives whole lines
 */
export function functionLog(verbose: boolean, write: (line: string) => void): (name: string, text: string) => void {
  const partialLines = new Map<string, string>();
  return (name, text) => {
    const lines = `${partialLines.get(name) ?? ''}${text}`.split('\n');
    partialLines.set(name, lines.pop() ?? '');
    for (const line of lines) if (verbose || isError(line)) write(`${name}: ${line}`);
  };
}

// The functions write JSON lines. Any other line is a warning or crash of Node.js, or a forgotten console.log.
function isError(line: string): boolean {
  try {
    return (JSON.parse(line) as { level?: string }).level === 'error';
  } catch {
    return line.trim() !== '';
  }
}

/** Milliseconds after which a line is shown again. */
const REPEAT = 60_000;

/** Leaves out lines that were shown less than a minute ago: a job that fails the same way each second would hide the rest. */
export function withoutRepeats(write: (line: string) => void, now: () => number = Date.now): (line: string) => void {
  const shown = new Map<string, number>();
  return (line) => {
    const time = now();
    for (const [text, at] of shown) if (time - at >= REPEAT) shown.delete(text);
    const text = line.replace(/"\w+_request_id":"[^"]*"/g, '');
    if (shown.has(text)) return;
    shown.set(text, time);
    write(line);
  };
}

/** A line that says why a function refused a request or ignored a part of it. */
export interface LoggedReason {
  event: string;
  /** `invalid_client` ... */
  error?: string;
  /** For a token, a predicate such as `was revoked`. */
  reason: string;
  /** Only registered ones are logged. */
  client_id?: string;
  resource_server?: string;
  /** The name of an ignored parameter. */
  parameter?: string;
}

/** The last refusal in the output of a function. */
export const loggedRefusal = (text?: string): LoggedReason | undefined =>
  loggedReasons(text).findLast(({ parameter }) => parameter === undefined);

/** The parameters of a request that a function ignored. */
export const ignoredParameters = (text?: string): LoggedReason[] =>
  loggedReasons(text).filter(({ parameter }) => parameter !== undefined);

const loggedReasons = (text = ''): LoggedReason[] => text.split('\n').flatMap(parseReason);

function parseReason(line: string): LoggedReason[] {
  try {
    const logged = JSON.parse(line) as LoggedReason;
    return typeof logged.reason === 'string' ? [logged] : [];
  } catch {
    return [];
  }
}
