const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text that is not ours, fit for a page. */
const text = (value) => String(value).replace(/[&<>"']/g, (char) => escapes[char]);

/**
 * The one page of the app: who is signed in and what they can do, or how to sign in, or what went wrong.
 * @param login who is signed in, with `shown`: what the last button led to
 * @param notice to somebody who is not signed in any more
 */
export function page({ login, notice, problem, hasSinglePage = false }) {
  const content = problem ? failed(problem) : login ? signedIn(login) : signedOut(notice, hasSinglePage);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Demo web app</title>
<link rel="icon" href="/logo.svg">
<link rel="stylesheet" href="/style.css">
<header class="brand"><img src="/logo.svg" alt=""><span>Demo web app</span></header>
<main class="card">
${content}
</main>
</html>
`;
}

const failed = (problem) => `<h1>Something went wrong</h1>
<p class="notice" role="alert">${text(problem)}</p>
<p><a href="/">Start again</a></p>`;

const signedOut = (notice, hasSinglePage) => `<div class="head">
<h1>Welcome</h1>
<p class="soft">You are not signed in.</p>
</div>
${notice ? `<p class="notice" role="alert">${text(notice)}</p>` : ''}
<a class="button main" href="/sign-in">Sign in</a>
${hasSinglePage ? '<p class="soft small-text">The same <a href="/spa">without a server</a>: a single-page app.</p>' : ''}`;

const signedIn = ({ user, tokens, shown }) => {
  const name = String(user.name ?? user.sub);
  return `<div class="person">
<div class="mark" aria-hidden="true">${text([...name][0])}</div>
<div>
<h1>${text(name)}</h1>
<p class="soft">You are signed in as <strong>${text(name)}</strong>.</p>
</div>
</div>
<div class="buttons">
${button('/call', 'Call the API', 'main')}
${button('/refresh', 'Refresh')}
${button('/sign-out', 'Sign out')}
</div>
${shown ? result(shown) : ''}
<dl>${Object.entries(user).map(claim).join('')}${claim(['access token', lifetime(tokens)])}</dl>`;
};

const claim = ([name, value]) =>
  `<div><dt>${text(name)}</dt><dd>${text(typeof value === 'object' ? JSON.stringify(value) : value)}</dd></div>`;

function lifetime({ expires_at }) {
  const seconds = Math.round((expires_at - Date.now()) / 1000);
  return seconds > 0 ? `good for another ${seconds} s` : 'expired, and refreshed when it is needed';
}

const button = (action, label, look = '') =>
  `<form method="post" action="${action}"><button class="${look}">${label}</button></form>`;

const result = ({ title, text: body, failed: isFailed }) => `<section id="shown" class="result" role="status">
<p class="${isFailed ? 'notice' : 'done'}">${text(title)}</p>
${body ? `<pre>${text(body)}</pre>` : ''}
</section>`;
