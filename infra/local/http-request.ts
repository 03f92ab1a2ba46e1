import { Problem } from '../problem.ts';

/** A request as received, from which every kind of event is made. */
export interface HttpRequest {
  method: string;
  /** Path and query string, still encoded. */
  target: string;
  /** In the order and spelling of the request, including duplicates. */
  headers: readonly (readonly [string, string])[];
  body: Buffer;
  sourceIp: string;
}

/** The id of a request and the time of its arrival. */
export interface Arrival {
  requestId: string;
  /** Milliseconds since the epoch. */
  time: number;
}

interface RequestOptions {
  method?: string;
  headers?: Record<string, string | readonly string[]>;
  body?: string | Buffer;
  sourceIp?: string;
}

/** Makes a request, such as `httpRequest('/whoami?a=1', { headers: { Authorization: 'Bearer x' } })`. */
export function httpRequest(target: string, options: RequestOptions = {}): HttpRequest {
  const { method = 'GET', headers = {}, body = '', sourceIp = '127.0.0.1' } = options;
  if (!target.startsWith('/')) throw new Problem(`${target} is not a path`);
  return {
    method,
    target,
    headers: Object.entries(headers).flatMap(([name, values]) =>
      [values].flat().map((value): [string, string] => [name, value]),
    ),
    body: Buffer.from(body),
    sourceIp,
  };
}

/** Path and query string of a target, both still encoded. */
export function splitTarget(target: string): { path: string; query: string } {
  const at = target.indexOf('?');
  return at < 0 ? { path: target, query: '' } : { path: target.slice(0, at), query: target.slice(at + 1) };
}

/** Every value of a header. Names are compared without regard to case. */
export const headerValues = ({ headers }: HttpRequest, name: string): string[] =>
  headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);

/** `12/Mar/2020:19:03:58 +0000`, as in the request context of all gateway events. */
export function requestTime(milliseconds: number): string {
  const [, day, month, year, time] = new Date(milliseconds).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
