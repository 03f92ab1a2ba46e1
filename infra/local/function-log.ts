/**
 * Shows what functions write: everything when that was asked for, otherwise errors only.
 * @param write gets whole lines
 */
export function functionLog(verbose: boolean, write: (line: string) => void): (name: string, text: string) => void {
  const rests = new Map<string, string>();
  return (name, text) => {
    const lines = `${rests.get(name) ?? ''}${text}`.split('\n');
    rests.set(name, lines.pop() ?? '');
    for (const line of lines) if (verbose || isError(line)) write(`${name}: ${line}`);
  };
}

// The functions write JSON lines; what is none is Node's own (a warning, a crash) or a forgotten console.log.
function isError(line: string): boolean {
  try {
    return (JSON.parse(line) as { level?: string }).level === 'error';
  } catch {
    return line.trim() !== '';
  }
}

/** Why a function refused something, by a line of its log. */
export interface LoggedRefusal {
  event: string;
  /** `invalid_client` ... */
  error?: string;
  /** A predicate where it is of a token: `was revoked`. */
  reason: string;
}

/** The last refusal in what a function wrote. */
export function loggedRefusal(text = ''): LoggedRefusal | undefined {
  return text.split('\n').map(parseRefusal).findLast(Boolean);
}

function parseRefusal(line: string): LoggedRefusal | undefined {
  try {
    const refusal = JSON.parse(line) as LoggedRefusal;
    return typeof refusal.reason === 'string' ? refusal : undefined;
  } catch {
    return undefined;
  }
}
