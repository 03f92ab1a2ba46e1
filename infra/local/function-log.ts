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
