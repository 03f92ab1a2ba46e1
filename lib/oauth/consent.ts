import { type Client, isPublic } from './client.ts';
import { isClaimableByOtherApp } from './redirect-uri.ts';
import { hasTokens } from './response-type.ts';

/** The access that a subject allows a client. */
export interface Access {
  readonly scope: readonly string[];
  /** Identifiers of resource servers. */
  readonly resources: readonly string[];
}

/**
 * Whether any app on the device could get what a client is granted at this redirect URI: another app can claim the URI, and no
 * secret is needed to use what is sent there. The person is then asked each time, whatever the client's record says, because
 * nothing else tells the apps apart. RFC 8252 section 8.6
 */
export const canAnyAppPoseAs = (client: Client, redirect_uri: string): boolean =>
  isClaimableByOtherApp(redirect_uri) && (isPublic(client) || (client.response_types ?? []).some(hasTokens));

const includesAll = (all: readonly string[], some: readonly string[]) => some.every((one) => all.includes(one));

/** Whether a client may have this access without asking the person. */
export function isConsented(
  { scope, resources }: Access,
  { client, redirect_uri }: { readonly client: Client; readonly redirect_uri: string },
  remembered: Access | undefined,
): boolean {
  if (canAnyAppPoseAs(client, redirect_uri)) return false;
  if (client.require_consent === false) return true;
  if (remembered === undefined) return false;
  return includesAll(remembered.scope, scope) && includesAll(remembered.resources, resources);
}

/**
 * The consent to remember when a person allows more. For the same resource servers the scopes are merged. For other resource
 * servers the new consent replaces the old one, because a scope that was allowed at one is not allowed at another.
 */
export function mergeAccess(access: Access, remembered: Access | undefined): Access {
  const isSame =
    remembered &&
    includesAll(remembered.resources, access.resources) &&
    includesAll(access.resources, remembered.resources);
  return isSame ? { ...access, scope: [...new Set([...remembered.scope, ...access.scope])] } : access;
}
