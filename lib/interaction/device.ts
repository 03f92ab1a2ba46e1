import type { Clock } from '../clock.ts';
import { deviceCookie } from '../http/cookie.ts';
import type { HttpRequest } from '../http/message.ts';
import { type Handles, randomId } from '../oauth/handle.ts';
import { isPageToken, mintPageToken } from './page-token.ts';

// A browser in which somebody signed in has a counter of its own for this account, so that strangers who guess cannot delay its
// owner there. The cookie signs nobody in. https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies

/** Seconds since the last sign-in. */
export const DEVICE_LIFETIME = 180 * 86_400;

/** Longer than any device cookie. */
const MAX_LENGTH = 256;

interface DeviceContext {
  readonly issuer: string;
  readonly clock: Clock;
}

/** It proves that this service made the cookie for this account at this time: a page token that belongs to no page. */
const purpose = (knownBy: string, since: string) => ['device', knownBy, since];

/** For `Set-Cookie`. @param knownBy names the account and its password: lib/users/authenticate-user.ts */
export function createDeviceCookie(knownBy: string, page: Handles, { issuer, clock }: DeviceContext): string {
  const [id, since] = [randomId(), String(clock())];
  const value = [id, since, mintPageToken(page, id, purpose(knownBy, since))].join('.');
  return deviceCookie(issuer, DEVICE_LIFETIME).write(value);
}

/** The device's id, if it has the cookie of this account and password. */
export function findDevice(
  request: HttpRequest,
  knownBy: string,
  page: Handles,
  { issuer, clock }: DeviceContext,
): string | undefined {
  const value = deviceCookie(issuer, DEVICE_LIFETIME).read(request) ?? '';
  if (value.length > MAX_LENGTH) return undefined;
  const [id = '', since = '', token = '', ...others] = value.split('.');
  const isOurs = others.length === 0 && isPageToken(page, token, id, purpose(knownBy, since));
  return isOurs && clock() < Number(since) + DEVICE_LIFETIME ? id : undefined;
}
