// Runs in the browser. The tokens are in the local storage, which all tabs of the app share, so that each of them has the
// refresh token that is good: a tab with a copy of an old one would be taken for a thief. They stay there until somebody signs
// out. An app that cannot accept that keeps its tokens on a server, as app.mjs does.
/* global oidc */
const at = (id) => document.getElementById(id);

/** Seconds before its end from when on an access token is not used any more: a request takes its time to arrive. */
const EARLY = 30;

/** Shows what a button led to. */
function show({ done, notice, answer }) {
  const texts = { done, notice, shown: answer && JSON.stringify(answer, null, 2) };
  for (const [id, text] of Object.entries(texts)) {
    at(id).textContent = text ?? '';
    at(id).hidden = text === undefined;
  }
}

async function main() {
  // `api` is what the button calls: an address of your own, or the userinfo endpoint.
  const { api, ...settings } = await (await fetch('/spa/settings.json')).json();
  const users = new oidc.UserManager({
    ...settings,
    redirect_uri: `${location.origin}/spa`,
    post_logout_redirect_uri: `${location.origin}/spa`,
    scope: 'openid profile email offline_access orders:read',
    loadUserInfo: true,
    userStore: new oidc.WebStorageStateStore({ store: localStorage }),
    automaticSilentRenew: false, // each tab would do it: see `renew`
    silentRequestTimeoutInSeconds: 60, // the default of 10 can pass on a slow network or a busy machine
    accessTokenExpiringNotificationTimeInSeconds: EARLY,
    revokeTokensOnSignout: true,
  });

  async function render() {
    const user = await users.getUser();
    const name = user?.profile.name ?? user?.profile.sub;
    at('who').textContent = user ? `You are signed in as ${name}.` : 'You are not signed in.';
    at('name').textContent = name ?? 'Welcome';
    at('initial').textContent = [...(name ?? '')][0] ?? '';
    at('initial').hidden = !user;
    at('sign-in').hidden = Boolean(user);
    for (const id of ['call', 'renew', 'sign-out']) at(id).hidden = !user;
  }

  /**
   * Refreshes, one tab at a time: whoever comes second finds that it was done.
   * @param outdated the access token that is not good any more
   */
  const renew = (outdated) =>
    navigator.locks.request('refresh', async () => {
      const user = await users.getUser();
      if (!user) throw new Ended();
      if (user.access_token !== outdated) return user;
      try {
        return await users.signinSilent();
      } catch (error) {
        if (error.error !== 'invalid_grant') throw error;
        await users.removeUser();
        throw new Ended();
      }
    });

  /** Somebody whose access token is good for a while. */
  async function getFreshUser() {
    const user = await users.getUser();
    if (!user) throw new Ended();
    if (user.expires_in > EARLY) return user;
    return renew(user.access_token).catch((error) => {
      // The service may be out of reach for a moment. The token from before is good until it expires.
      if (error instanceof Ended || user.expired) throw error;
      return user;
    });
  }

  const send = ({ access_token }) => fetch(api, { headers: { authorization: `Bearer ${access_token}` } });

  /** Calls the API. Refused by 401 or 403 it refreshes and tries once more; after that the answer stands. */
  async function call() {
    const user = await getFreshUser();
    // A refusal by a gateway has no CORS headers, so that it looks like no answer at all from here.
    const response = await send(user).catch(() => undefined);
    if (response && ![401, 403].includes(response.status)) return response;
    return send(await renew(user.access_token));
  }

  const actions = {
    'sign-in': () => users.signinRedirect(),
    async call() {
      const response = await call();
      if (response.ok) return { done: `${response.status}: the API has answered`, answer: await response.json() };
      return { notice: `${response.status}: the API has refused the access token, and a new one as well` };
    },
    async renew() {
      const { access_token } = await getFreshUser();
      const { expires_in } = await renew(access_token);
      return { done: `The new access token is good for ${expires_in} s.` };
    },
    'sign-out': () => users.signoutRedirect(),
  };

  /** What went wrong, in words. */
  const explain = (error) =>
    error instanceof Ended
      ? 'Your session has ended. Please sign in again.'
      : `Something went wrong (${error.message}). Try again in a moment.`;

  for (const [id, action] of Object.entries(actions)) {
    at(id).addEventListener('click', async () => {
      show((await action().catch((error) => ({ notice: explain(error) }))) ?? {});
      await render();
    });
  }
  // Before it expires, also when nobody presses a button. What fails here is tried again with the next call.
  users.events.addAccessTokenExpiring(() => getFreshUser().catch(() => render()));
  // Another tab has signed in, out or refreshed.
  addEventListener('storage', render);

  if (new URLSearchParams(location.search).has('state')) {
    if (new URLSearchParams(location.search).has('code')) await users.signinRedirectCallback();
    else await users.signoutRedirectCallback();
    history.replaceState(null, '', '/spa');
  }
  await render();
}

/** Nobody is signed in any more. */
class Ended extends Error {}

main().catch((error) => show({ notice: `Something went wrong: ${error.message}` }));
