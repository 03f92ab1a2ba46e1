// Runs in the browser. Tokens are in memory of the tab's session storage, as the library keeps them.
/* global oidc */
const at = (id) => document.getElementById(id);
const show = (value) => {
  at('shown').textContent = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
};

async function main() {
  const settings = await (await fetch('/spa/settings.json')).json();
  const users = new oidc.UserManager({
    ...settings,
    redirect_uri: `${location.origin}/spa`,
    post_logout_redirect_uri: `${location.origin}/spa`,
    scope: 'openid profile email offline_access orders:read',
    loadUserInfo: true,
    automaticSilentRenew: true, // by the refresh token
    revokeTokensOnSignout: true,
  });

  async function render() {
    const user = await users.getUser();
    at('who').textContent = user
      ? `You are signed in as ${user.profile.name ?? user.profile.sub}.`
      : 'You are not signed in.';
    at('sign-in').hidden = Boolean(user);
    for (const id of ['call', 'renew', 'sign-out']) at(id).hidden = !user;
  }

  const actions = {
    'sign-in': () => users.signinRedirect(),
    async call() {
      const { access_token } = await users.getUser();
      const response = await fetch(`${settings.authority}/userinfo`, {
        headers: { authorization: `Bearer ${access_token}` },
      });
      show(await response.json());
    },
    async renew() {
      const { expires_in } = await users.signinSilent();
      show(`The new access token is good for ${expires_in} s.`);
    },
    'sign-out': () => users.signoutRedirect(),
  };
  for (const [id, action] of Object.entries(actions)) {
    at(id).addEventListener('click', () => action().catch((error) => show(`Refused: ${error.message}`)));
  }

  if (new URLSearchParams(location.search).has('state')) {
    if (new URLSearchParams(location.search).has('code')) await users.signinRedirectCallback();
    else await users.signoutRedirectCallback();
    history.replaceState(null, '', '/spa');
  }
  await render();
}

main().catch((error) => show(`Refused: ${error.message}`));
