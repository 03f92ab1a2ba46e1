const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text that is not ours, fit for a page. */
const text = (value) => String(value).replace(/[&<>"']/g, (char) => escapes[char]);

export const style = `
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
  body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
  form { display: inline; }
  button { font: inherit; padding: .3rem .8rem; }
  dt { font-weight: bold; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
`;

/** The one page of the app: who is signed in and what they can do, or how to sign in, or what went wrong. */
export function page({ login, problem, hasSinglePage = false }) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Demo web app</title>
<style>${style}</style>
<main>
<h1>Demo web app</h1>
${problem ? `<p role="alert">${text(problem)}</p><p><a href="/">Start again</a></p>` : login ? signedIn(login) : signedOut(hasSinglePage)}
</main>
</html>
`;
}

const signedOut = (hasSinglePage) => `<p>You are not signed in.</p>
<p><a href="/sign-in">Sign in</a></p>
${hasSinglePage ? '<p>The same <a href="/spa">without a server</a>: a single-page app.</p>' : ''}`;

const signedIn = ({ user, shown }) => `<p>You are signed in as <strong>${text(user.name ?? user.sub)}</strong>.</p>
<dl>${Object.entries(user)
  .map(
    ([claim, value]) =>
      `<dt>${text(claim)}</dt><dd>${text(typeof value === 'object' ? JSON.stringify(value) : value)}</dd>`,
  )
  .join('')}</dl>
${button('/whoami', 'Call the API')} ${button('/refresh', 'Refresh')} ${button('/sign-out', 'Sign out')}
${shown ? `<pre id="shown" role="status">${text(shown)}</pre>` : ''}`;

const button = (action, label) => `<form method="post" action="${action}"><button>${label}</button></form>`;
