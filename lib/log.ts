export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export type LogLevel = (typeof logLevels)[number];

type Details = Readonly<Record<string, string | number | undefined>>;

/** Details contain only fixed texts and registered ids: nothing from a request, no token, no secret. */
export interface Log {
  debug(event: string, details?: Details): void;
  info(event: string, details?: Details): void;
  warn(event: string, details?: Details): void;
  error(event: string, details?: Details): void;
  /** Adds these details to every line. */
  with(details: Details): Log;
}

export interface LogContext {
  readonly log: Log;
}

export function createLog(level: LogLevel, write: (line: string) => void = console.log): Log {
  const threshold = logLevels.indexOf(level);
  const at = (name: Exclude<LogLevel, 'silent'>): ((always?: Details) => Log['info']) =>
    logLevels.indexOf(name) < threshold
      ? () => ignore
      : (always) => (event, details) => write(JSON.stringify({ level: name, event, ...details, ...always }));
  const [debug, info, warn, error] = [at('debug'), at('info'), at('warn'), at('error')];
  // Called for each request, so nothing is merged until a line is written.
  const about = (always?: Details): Log => ({
    debug: debug(always),
    info: info(always),
    warn: warn(always),
    error: error(always),
    with: (details) => about(always ? { ...always, ...details } : details),
  });
  return about();
}

const ignore = () => {};

/** Their messages contain only fixed texts. */
const QUOTABLE = new Set([
  'ConfigError',
  'KeyError',
  'Unavailable',
  'MalformedItem',
  'NewerSchema',
  'UntrustedRegistry',
  'OAuthError',
  'InvalidToken',
]);

/** Other messages can quote the request, as those of `JSON.parse` do, so only name and stack frames are logged. */
export function describeFault(error: unknown): Details {
  if (!(error instanceof Error)) return { fault: typeof error };
  const { name, message, cause, stack = '' } = error;
  return {
    fault: name,
    ...(QUOTABLE.has(name) && { message }),
    ...(cause instanceof Error && { cause: cause.name }),
    at: stack
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .map((line) => line.trim())
      .slice(0, 5)
      .join(' < '),
  };
}
