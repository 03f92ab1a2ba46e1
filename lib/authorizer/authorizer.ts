import { createContainer, type RequestLog } from '../container.ts';
import type { Extensions } from '../extensions.ts';
import type { LogContext } from '../log.ts';
import { InvalidToken } from '../oauth/errors.ts';
import { type AuthorizerRequest, parseAuthorizerEvent } from './event.ts';
import { type AuthorizerResponse, allow, type ResponseFormat, refuse, Unauthorized, withAdded } from './response.ts';
import { createVerification, type VerificationContext, type VerifiedToken } from './verification.ts';

export interface AuthorizerContext extends LogContext, VerificationContext {
  readonly responseFormat: ResponseFormat;
  readonly extensions: Extensions;
}

/** API Gateway then answers 500 and caches nothing. Lambda logs the message, so it gives no details. */
export class AuthorizerFault extends Error {
  constructor() {
    super('the authorizer cannot decide');
    this.name = 'AuthorizerFault';
  }
}

export function createAuthorizer(compose: () => AuthorizerContext) {
  const handle = createContainer(() => createDecider(compose()));
  return async (event: unknown, invocation?: unknown): Promise<AuthorizerResponse> => {
    const decided = handle(
      event,
      invocation,
      ({ decide }, requestLog) => decide(parseAuthorizerEvent(event), requestLog),
      () => {
        throw new AuthorizerFault();
      },
    );
    const answer = decided instanceof Promise ? await decided : decided;
    if (answer instanceof Unauthorized) throw answer;
    return answer;
  };
}

type Answer = AuthorizerResponse | Unauthorized;

function createDecider(context: AuthorizerContext) {
  const { responseFormat, extensions, log } = context;
  const { recall, verify } = createVerification(context);

  const accept = (request: AuthorizerRequest, { accessToken, context: ownContext }: VerifiedToken): Answer => {
    const added = extensions.tokenValidated?.(accessToken);
    return allow(request, responseFormat, accessToken.claims.sub, added ? withAdded(ownContext, added) : ownContext);
  };

  const reject = (request: AuthorizerRequest, error: unknown, requestLog: RequestLog): Answer => {
    if (!(error instanceof InvalidToken)) throw error;
    requestLog().info('refused', { reason: error.message });
    return refuse(request, responseFormat);
  };

  const verifyAndDecide = async (request: AuthorizerRequest, requestLog: RequestLog): Promise<Answer> => {
    try {
      return accept(request, await verify(request.authorization));
    } catch (error) {
      return reject(request, error, requestLog);
    }
  };

  // Most tokens were seen before, and promises would take as long as all else that their decision takes.
  const decide = (request: AuthorizerRequest, requestLog: RequestLog): Answer | Promise<Answer> => {
    const known = recall(request.authorization);
    if (!known) return verifyAndDecide(request, requestLog);
    try {
      return accept(request, known);
    } catch (error) {
      return reject(request, error, requestLog);
    }
  };
  return { decide, log };
}
