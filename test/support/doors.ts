import { authorizerEvents, basic, type Handlers, httpEvent, type Variables, verdict } from './world.ts';

export type Verdict = Awaited<ReturnType<typeof verdict>>;

/** A place that checks tokens: the introspection endpoint, or the authorizer with one shape of events. */
export interface Door {
  readonly name: string;
  /** Variables of this door's container, in addition to those of the deployment. */
  readonly variables: Variables;
  show(handlers: Handlers, token: string): Promise<Verdict>;
}

const authorizer = (shape: keyof typeof authorizerEvents, variables: Variables = {}, name: string = shape): Door => ({
  name,
  variables,
  show: (handlers, token) => verdict(handlers.authorizer(authorizerEvents[shape](token))),
});

export const authorizerDoors: readonly Door[] = [
  authorizer('HTTP API 2.0'),
  authorizer('HTTP API 2.0', { AUTHORIZER_RESPONSE: 'policy' }, 'HTTP API 2.0 with policies'),
  authorizer('HTTP API 1.0'),
  authorizer('REST REQUEST'),
  authorizer('REST TOKEN'),
];

/** Any answer other than an active token or exactly `{"active":false}` is a fault. */
export const introspectionDoor: Door = {
  name: 'introspection',
  variables: {},
  async show({ introspection }, token) {
    const { statusCode, body } = await introspection(
      httpEvent({ headers: { authorization: basic('orders') }, form: { token } }),
    );
    if (statusCode !== 200) return 'fault';
    if (body === '{"active":false}') return 'refuse';
    return (JSON.parse(body) as { active?: unknown }).active === true ? 'allow' : 'fault';
  },
};

export const doors: readonly Door[] = [introspectionDoor, ...authorizerDoors];

/** Opens doors, each with a container of its own, so that none has a token in its cache from another. */
export function openDoors(restart: (variables: Variables) => Handlers, chosen = doors) {
  const opened = chosen.map((door) => ({ door, handlers: restart(door.variables) }));
  /** The verdict of all doors on a token, or, if they disagree, the verdict of each. */
  return async (token: string): Promise<Verdict | Record<string, Verdict>> => {
    const said = await Promise.all(
      opened.map(async ({ door, handlers }) => [door.name, await door.show(handlers, token)] as const),
    );
    const [[, first] = ['', 'fault' as const]] = said;
    return said.every(([, word]) => word === first) ? first : Object.fromEntries(said);
  };
}
