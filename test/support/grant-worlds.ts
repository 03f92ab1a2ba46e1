// A model checker for grants. It tries every interleaving of the steps of a few requests on one grant: by its client, by a thief
// who poses as the client, and by another client, with clocks that differ. All three have the code and all refresh tokens.
// The steps are those of lib/grants/one-time-use.ts: the conditional write, reading back, what follows from it, and undoing a
// write after a fault. The rules that are checked are about requests and answers, not about conditions of writes.
import {
  applyTransition,
  confirmRotationTransition,
  type GrantState,
  type Redemption,
  type Refresh,
  redemptionTransition,
  revocationTransition,
  rotationTransition,
  type Transition,
  undoRedemptionTransition,
  undoRotationTransition,
} from '../../lib/oauth/grant-state.ts';
import { type TransitionFailure, whyNotRedeemed, whyNotRotated } from '../../lib/oauth/transition-failure.ts';

// In seconds. The smallest numbers with which each limit can be exceeded while the others are not.
const CODE_LIFETIME = 1;
const IDLE = 2;
const ENDS_AT = 2;
const LAST_SECOND = 2;
const REPEAT_INTERVAL = 0;

/** `end` is a revocation by an administrator, who is not the client. */
type Kind = 'redeem' | 'refresh' | 'revoke' | 'end';

/** A request that may be made. Absent members have their proper values. */
interface Call {
  readonly by: number;
  readonly kind: Kind;
  readonly client_id?: 'other';
  readonly proof?: 'no verifier' | 'another redirect URI';
  readonly generation?: number;
  readonly scope?: readonly string[];
  readonly resources?: readonly string[];
}

export const OWNER = 0;
const THIEF = 1;
const OTHER = 2;
/** How many seconds the clocks of the containers that serve them are behind. */
const BEHIND = [0, 1, 0] as const;

const generations = [0, 1];
const calls: readonly Call[] = [
  { by: OWNER, kind: 'redeem' },
  { by: OWNER, kind: 'redeem', resources: ['billing'] },
  ...generations.map((generation): Call => ({ by: OWNER, kind: 'refresh', generation })),
  { by: OWNER, kind: 'revoke' },
  { by: THIEF, kind: 'redeem', proof: 'no verifier' },
  { by: THIEF, kind: 'redeem', proof: 'another redirect URI' },
  { by: THIEF, kind: 'redeem' },
  ...generations.map((generation): Call => ({ by: THIEF, kind: 'refresh', generation })),
  { by: THIEF, kind: 'refresh', generation: 0, scope: ['admin'] },
  { by: THIEF, kind: 'refresh', generation: 0, resources: ['billing'] },
  { by: OTHER, kind: 'redeem', client_id: 'other' },
  { by: OTHER, kind: 'refresh', client_id: 'other', generation: 0 },
  { by: OTHER, kind: 'revoke', client_id: 'other' },
  { by: OTHER, kind: 'end' },
];

const ends = ({ kind }: Call) => kind === 'revoke' || kind === 'end';

/** Requests that use a code or a refresh token properly, so that making them again is the only mistake. */
const repetitions = calls.filter(
  ({ kind, client_id, proof, scope, resources }) =>
    (kind === 'redeem' || kind === 'refresh') && !client_id && !proof && !scope && !resources,
);

/** The number of requests, and the requests to choose from. */
export interface Requests {
  readonly count: number;
  readonly calls: readonly Call[];
}

export const anyRequests = (count: number): Requests => ({ count, calls });
export const repeatedRequests = (count: number): Requests => ({ count, calls: repetitions });

const GRANT: GrantState = {
  grant_id: 'g',
  state: 'code',
  client_id: 'app',
  sub: 'alice',
  scope: ['read', 'write'],
  resources: ['orders'],
  issued_at: 0,
  redirect_uri: 'https://app.example/cb',
  code_challenge: 'challenge',
  code_expires_at: CODE_LIFETIME,
  generation: 0,
  rotated_at: 0,
  offline: true,
  ends_at: ENDS_AT,
  idle_until: IDLE,
  transition: 'issue',
  expires_at: 100,
};

/** The transitions of the state machine. Tests also run it with a condition removed. */
export interface Machine {
  redeem(redemption: Redemption): Transition;
  rotate(refresh: Refresh): Transition;
  revoke(request: string, now: number, client_id?: string): Transition;
}

/** A request in progress, with its next step. */
interface PendingRequest {
  readonly call: Call;
  readonly id: string;
  /** The time at which the request began. */
  readonly now: number;
  readonly next: 'write' | 'read back' | 'answer' | 'confirm' | 'end' | 'list' | 'take back';
  /** The write succeeded, its answer was lost, and the write is repeated. */
  readonly isAgain?: true;
}

/** A state of the model, with what has happened so far. */
interface World {
  readonly grant?: GrantState;
  readonly time: number;
  readonly requests: readonly (PendingRequest | undefined)[];
  readonly started: number;
  readonly isListed?: true;
  /** The code was redeemed, and the redemption was not undone. */
  readonly isRedeemed?: true;
  readonly redemptions: number;
  /** When each generation was consumed, unless that was undone. */
  readonly consumed: readonly (number | undefined)[];
  readonly usedAt: number;
  /** The grant at the time of its revocation. */
  readonly ended?: GrantState;
  readonly endAnswered?: true;
}

export class Violation extends Error {}

function requireThat(condition: boolean, what: string): void {
  if (!condition) throw new Violation(what);
}

export const redemptionOf = ({ call, id, now }: PendingRequest): Redemption => ({
  request: id,
  client_id: call.client_id ?? 'app',
  redirect_uri: call.proof === 'another redirect URI' ? 'https://evil.example/' : 'https://app.example/cb',
  code_challenge: call.proof === 'no verifier' ? undefined : 'challenge',
  resources: call.resources ?? [],
  now,
  idle_until: now + IDLE,
});

export const refreshOf = ({ call, id, now }: PendingRequest): Refresh => ({
  request: id,
  client_id: call.client_id ?? 'app',
  generation: call.generation ?? 0,
  scope: call.scope ?? [],
  resources: call.resources ?? [],
  now,
  idle_until: now + IDLE,
});

const isByGrantClient = ({ call }: PendingRequest) => call.client_id === undefined && call.proof === undefined;

/** All states that may follow a state. */
function* successors(world: World, machine: Machine, reuseInterval: number, requests: Requests): Generator<World> {
  if (world.time < LAST_SECOND) yield { ...world, time: world.time + 1 };
  for (const call of world.started < requests.count ? requests.calls : []) {
    if (world.requests[call.by]) continue;
    const now = Math.max(0, world.time - (BEHIND[call.by] ?? 0));
    const request: PendingRequest = { call, id: `of ${call.by}`, now, next: 'write' };
    yield { ...put(world, call.by, request), started: world.started + 1 };
  }
  for (const request of world.requests) if (request) yield* steps(world, request, machine, reuseInterval);
}

const put = (world: World, by: number, request?: PendingRequest): World => ({
  ...world,
  requests: world.requests.with(by, request),
});

/** Ends a request. Whether the last transition was its own no longer matters, which keeps the number of states small. */
function leave(world: World, { call, id }: PendingRequest): World {
  const { grant } = world;
  if (grant?.transition !== id) return put(world, call.by);
  const past = { ...grant, transition: 'past' };
  return put({ ...world, grant: past, ...(world.ended && { ended: past }) }, call.by);
}

function* steps(world: World, request: PendingRequest, machine: Machine, reuseInterval: number): Generator<World> {
  const { call, next } = request;
  const on = (more: Partial<PendingRequest>, changed: World = world) => put(changed, call.by, { ...request, ...more });
  const done = (changed: World = world) => leave(changed, request);

  if (next === 'write') {
    const after = write(world, request, transitionOf(request, machine));
    if (after.grant === world.grant) return yield on({ next: 'read back' });
    requireThat(isByGrantClient(request), `${call.kind} by somebody who may not changes the grant`);
    const then = ends(call) ? 'list' : 'answer';
    yield on({ next: then }, noteWritten(after, request));
    if (!request.isAgain) yield on({ isAgain: true }, noteWritten(after, request));
  } else if (next === 'read back') {
    yield* readBack(world, request, reuseInterval);
  } else if (next === 'answer' || next === 'confirm') {
    // A fault may occur at any step before the answer.
    yield next === 'answer' ? on({ next: 'take back' }) : done();
    const confirmed = next === 'confirm' ? write(world, request, confirmRotationTransition(refreshOf(request))) : world;
    if (next === 'confirm' && confirmed.grant === world.grant) return;
    yield done(noteAnswered(confirmed, request));
  } else if (next === 'take back') {
    const undo =
      call.kind === 'redeem' ? undoRedemptionTransition(request.id) : undoRotationTransition(refreshOf(request));
    const after = write(world, request, undo);
    yield done(after.grant === world.grant ? world : noteTakenBack(after, request));
    yield done();
  } else if (next === 'end') {
    const after = write(world, request, machine.revoke(request.id, request.now));
    yield on({ next: 'list' }, after.grant?.state === 'revoked' ? noteEnded(after) : after);
  } else if (next === 'list') {
    const listed: World = { ...world, isListed: true, endAnswered: true };
    requireThat(listed.grant?.state === 'revoked', 'a grant is said to have ended that has not');
    yield done(listed);
  }
}

function transitionOf(request: PendingRequest, machine: Machine): Transition {
  if (request.call.kind === 'redeem') return machine.redeem(redemptionOf(request));
  if (request.call.kind === 'refresh') return machine.rotate(refreshOf(request));
  if (request.call.kind === 'end') return machine.revoke(request.id, request.now);
  return machine.revoke(request.id, request.now, request.call.client_id ?? 'app');
}

/** Like DynamoDB, an update creates a missing item. */
function write(world: World, request: PendingRequest, transition: Transition): World {
  const after = applyTransition(world.grant ?? ({} as GrantState), transition);
  if (!after) return world;
  requireThat(world.grant !== undefined, `${request.call.kind} makes a grant that nobody gave`);
  if (world.ended) requireThat(false, `${request.call.kind} changes a grant that has ended`);
  return { ...world, grant: after };
}

function noteWritten(world: World, { call, now }: PendingRequest): World {
  if (ends(call)) return noteEnded(world);
  if (call.kind === 'redeem') {
    requireThat(!world.isRedeemed, 'a code is redeemed twice');
    return { ...world, isRedeemed: true, usedAt: now };
  }
  const { generation = 0 } = call;
  requireThat(world.isRedeemed === true, 'a refresh before there was a redemption');
  requireThat(world.consumed[generation] === undefined, 'a refresh token is used up twice');
  requireThat(now < world.usedAt + IDLE, 'a refresh after the idle lifetime');
  return { ...world, consumed: world.consumed.with(generation, now), usedAt: now };
}

const noteEnded = (world: World): World => (world.ended || !world.grant ? world : { ...world, ended: world.grant });

function noteTakenBack(world: World, { call }: PendingRequest): World {
  if (call.kind !== 'redeem') return { ...world, consumed: world.consumed.with(call.generation ?? 0, undefined) };
  const { isRedeemed: _, ...others } = world;
  return others;
}

function* readBack(world: World, request: PendingRequest, reuseInterval: number): Generator<World> {
  const { call, now } = request;
  const { grant } = world;
  const to = (next: PendingRequest['next'], more: Partial<PendingRequest> = {}) =>
    put(world, call.by, { ...request, ...more, next });
  if (ends(call)) {
    return yield grant && isByGrantClient(request) ? to('list') : leave(world, request);
  }
  const outcome: TransitionFailure =
    call.kind === 'redeem'
      ? whyNotRedeemed(grant, redemptionOf(request), REPEAT_INTERVAL)
      : whyNotRotated(grant, refreshOf(request), reuseInterval);

  const consumedAt = world.consumed[call.generation ?? 0];
  const isLive = grant !== undefined && !world.ended && isByGrantClient(request) && grant.offline;
  const isReplay =
    call.kind === 'redeem'
      ? world.isRedeemed === true
      : consumedAt !== undefined &&
        Math.max(0, now - consumedAt) >= reuseInterval &&
        now < ENDS_AT &&
        now < grant!.idle_until;
  // A code that is presented again at once, before anything followed from it, may be its client's own second request.
  const isAtOnce = call.kind === 'redeem' && now <= world.usedAt + REPEAT_INTERVAL;
  const isUnrefreshed = world.consumed.every((time) => time === undefined);
  if (isLive && isReplay && outcome !== 'landed')
    requireThat(
      outcome === 'reused' || (outcome === 'repeated' && isAtOnce && isUnrefreshed),
      `a replayed ${call.kind} is ${outcome}`,
    );

  if (outcome === 'reused') {
    requireThat(isByGrantClient(request), 'somebody who may not ends the grant');
    yield to('end');
  } else if (outcome === 'landed') yield to('answer');
  else if (outcome === 'retried') yield to('confirm');
  else yield leave(world, request);
}

function noteAnswered(world: World, request: PendingRequest): World {
  const { call, now } = request;
  requireThat(isByGrantClient(request), `${call.kind} by somebody who may not is answered`);
  requireThat(
    (call.scope ?? []).every((each) => GRANT.scope.includes(each)),
    'a wider scope',
  );
  requireThat(
    (call.resources ?? []).every((each) => GRANT.resources.includes(each)),
    'another resource',
  );
  if (call.kind === 'refresh') {
    requireThat(world.grant?.offline === true, 'a refresh of a grant without refresh tokens');
    requireThat(now < ENDS_AT, 'a refresh after the absolute lifetime');
    requireThat(world.consumed[call.generation ?? 0] !== undefined, 'a successor of a refresh token that is good');
    return world;
  }
  requireThat(now < CODE_LIFETIME, 'a redemption after its time');
  requireThat(world.redemptions === 0, 'two redemptions are answered');
  return { ...world, redemptions: world.redemptions + 1 };
}

const begin = (grant: Partial<GrantState> | undefined): World => ({
  ...(grant && { grant: { ...GRANT, ...grant } }),
  ...(grant?.state === 'active' && { isRedeemed: true as const }),
  time: 0,
  requests: [undefined, undefined, undefined],
  started: 0,
  redemptions: 0,
  consumed: [undefined, undefined, undefined],
  usedAt: 0,
});

export const beginnings = {
  'a code': begin({}),
  'a refresh token': begin({ state: 'active' }),
  'a refresh token that was not used for long': {
    ...begin({ state: 'active', idle_until: 1, rotated_at: 1 - IDLE }),
    usedAt: 1 - IDLE,
  },
  'a grant without refresh tokens': begin({ state: 'active', offline: false }),
  nothing: begin(undefined),
} as const satisfies Record<string, World>;

export const machine: Machine = {
  redeem: redemptionTransition,
  rotate: rotationTransition,
  revoke: revocationTransition,
};

const numberOf = new Map(calls.map((call, index) => [call, index]));
const STATES = ['code', 'active', 'revoked'];
const STEPS = ['write', 'read back', 'answer', 'confirm', 'end', 'list', 'take back'];
const TRANSITIONS = ['issue', 'past', ...[OWNER, THIEF, OTHER].map((by) => `of ${by}`)];

/** A number for each value, and one for undefined. */
const numberIn = (values: readonly string[], value: string | undefined) =>
  value === undefined ? values.length : values.indexOf(value);
const numberOfTime = (time: number | undefined) => (time === undefined ? 0 : time + 2);

/** A short text that is the same for equal states, with a character for each member that makes a difference. */
function keyOf({ grant, requests, consumed, ...world }: World): string {
  const numbers = [
    numberIn(STATES, grant?.state),
    numberIn(TRANSITIONS, grant?.transition),
    grant?.generation ?? 0,
    numberOfTime(grant?.rotated_at),
    numberOfTime(grant?.idle_until),
    world.time,
    world.started,
    world.redemptions,
    numberOfTime(world.usedAt),
    world.isListed ? 1 : 0,
    world.isRedeemed ? 1 : 0,
    world.ended ? 1 : 0,
    world.endAnswered ? 1 : 0,
  ];
  for (const time of consumed) numbers.push(numberOfTime(time));
  for (const request of requests) {
    if (!request) numbers.push(calls.length);
    else {
      const { call, now, next, isAgain } = request;
      numbers.push(numberOf.get(call)!, now, numberIn(STEPS, next), isAgain ? 1 : 0);
    }
  }
  return String.fromCharCode(...numbers);
}

/** Visits every state. @returns the number of states @throws Violation when a rule is broken */
export function explore(start: World, reuseInterval: number, requests: Requests, tried: Machine = machine): number {
  const seen = new Set<string>();
  const queue = [start];
  for (let world = queue.pop(); world; world = queue.pop()) {
    if (world.ended) requireThat(world.grant === world.ended, 'a grant that has ended is another one now');
    if (world.endAnswered) requireThat(world.isListed === true, 'a token of a grant that has ended is active');
    for (const next of successors(world, tried, reuseInterval, requests)) {
      const key = keyOf(next);
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push(next);
    }
  }
  return seen.size;
}
