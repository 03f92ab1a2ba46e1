import { type Client, isPublic } from './client.ts';
import { isClaimableByOtherApp } from './redirect-uri.ts';
import { hasTokens } from './response-type.ts';

export interface Access {
  readonly scope: readonly string[];
  readonly resources: readonly string[];
}

/**
 * Another app can claim the URI, and nothing else tells the apps apart, so the person is asked each time. RFC 8252 section 8.6
 */
export const canAnyAppPoseAs = (client: Client, redirect_uri: string): boolean =>
  isClaimableByOtherApp(redirect_uri) && (isPublic(client) || (client.response_types ?? []).some(hasTokens));

const includesAll = (all: readonly string[], some: readonly string[]) => some.every((one) => all.includes(one));

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

/** Access to other resource servers replaces the old: a scope allowed at one is not allowed at another. */
export function mergeAccess(access: Access, remembered: Access | undefined): Access {
  const isSame =
    remembered &&
    includesAll(remembered.resources, access.resources) &&
    includesAll(access.resources, remembered.resources);
  return isSame ? { ...access, scope: [...new Set([...remembered.scope, ...access.scope])] } : access;
}
