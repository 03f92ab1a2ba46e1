import { type Client, isPublic } from './client.ts';
import { isClaimableByOtherApp } from './redirect-uri.ts';

/** What a subject is asked to allow a client. */
export interface Access {
  readonly scope: readonly string[];
  /** Identifiers of resource servers. */
  readonly resources: readonly string[];
}

const includesAll = (all: readonly string[], some: readonly string[]) => some.every((one) => all.includes(one));

/**
 * Whether a client may have this access without asking the person. A public client whose redirect URI another app could claim
 * must always ask, because it can be any app. RFC 8252 section 8.6
 */
export function isConsented(
  { scope, resources }: Access,
  { client, redirect_uri }: { readonly client: Client; readonly redirect_uri: string },
  remembered: Access | undefined,
): boolean {
  if (client.require_consent === false) return true;
  if (remembered === undefined || (isPublic(client) && isClaimableByOtherApp(redirect_uri))) return false;
  return includesAll(remembered.scope, scope) && includesAll(remembered.resources, resources);
}

/**
 * What is remembered when a person allows more. For the same resource servers the scopes add up; for others the new consent
 * replaces the old one, because a scope that was allowed at one resource server is not allowed at another.
 */
export function mergeAccess(access: Access, remembered: Access | undefined): Access {
  const isSame =
    remembered &&
    includesAll(remembered.resources, access.resources) &&
    includesAll(access.resources, remembered.resources);
  return isSame ? { ...access, scope: [...new Set([...remembered.scope, ...access.scope])] } : access;
}
