// Keeps the tokens of somebody who is signed in: refreshes the access token shortly before it expires, and once when an API
// refuses it. Knows nothing of HTTP frameworks or of the library that talks to the service.

/** Milliseconds before its end from when on an access token is not used any more: a request takes its time to arrive. */
const EARLY = 30_000;

/**
 * What the token endpoint answered, with the time at which the access token ends.
 * @param tokens with `expires_in` in seconds
 * @param before the tokens from before, of which those stay that were not issued anew
 * @param now milliseconds since the epoch
 */
export function received(tokens, before, now) {
  const { expires_in = Number.POSITIVE_INFINITY } = tokens;
  return { ...before, ...tokens, expires_at: now + expires_in * 1000 };
}

/** Whether a refresh was refused for good: the user signed out, or was signed out. RFC 6749 section 5.2 */
export const isOver = (error) => error?.error === 'invalid_grant';

/**
 * Works on logins, which have `tokens` as `received` makes them.
 * @param refresh trades a refresh token for the answer of the token endpoint; throws what `isOver` understands
 */
export function createTokenKeeper(refresh, clock = Date.now) {
  /** Refreshes once for all who ask meanwhile, so that two tabs do not use up each other's refresh token. */
  function renew(login) {
    login.renewing ??= refresh(login.tokens.refresh_token)
      .then((tokens) => {
        login.tokens = received(tokens, login.tokens, clock());
      })
      .finally(() => {
        login.renewing = undefined;
      });
    return login.renewing;
  }

  async function renewIfDue(login) {
    const { refresh_token, expires_at } = login.tokens;
    if (!refresh_token || clock() < expires_at - EARLY) return;
    try {
      await renew(login);
    } catch (error) {
      // The service may be out of reach for a moment. The token from before is good until it expires.
      if (isOver(error) || clock() >= expires_at) throw error;
    }
  }

  return {
    renew,

    /**
     * Calls an API with an access token that is good for a while. Refused by 401 or 403 it refreshes and tries once more;
     * after that the answer stands.
     * @param send given an access token, gives a `Response`
     */
    async call(login, send) {
      await renewIfDue(login);
      const { access_token, refresh_token } = login.tokens;
      const response = await send(access_token);
      if (![401, 403].includes(response.status) || !refresh_token) return response;
      await response.body?.cancel();
      // Another request may have been refused and refreshed in the meantime.
      if (login.tokens.access_token === access_token) await renew(login);
      return send(login.tokens.access_token);
    },
  };
}
