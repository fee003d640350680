import { type Html, html, NOTHING } from './html.ts';
import { renderDocument } from './layout.ts';

/**
 * The page before everything else.
 *
 * @param next - path below the console that was asked for. @param problem - why the last try did not succeed.
 */
export function loginPage(base: string, next: string, problem?: string): Html {
  const content = html`<main id="main" tabindex="-1" class="login"><div class="card"><h1>Cellblock console</h1>
<p class="lead">Log in with an operator’s token: what <code>cellblock token</code> printed, or a JWT that the policy accepts.</p>
${problem === undefined ? NOTHING : html`<div class="notice bad" role="alert"><p>${problem}</p></div>`}
<form method="post" action="${base}/login">
<input type="hidden" name="next" value="${next}">
<label for="token">Token</label><input id="token" name="token" type="password" autocomplete="current-password" required maxlength="8192" spellcheck="false" autofocus>
<div class="buttons"><button class="go">Log in</button></div></form>
<p class="small">Logged in already, and came here by a link from elsewhere? Your session is good for its own pages only: open the link there, or log in once more. With script the browser does so by itself.</p>
</div></main>`;
  return renderDocument(base, 'Log in · Cellblock', content);
}

/** A page that says why there is nothing to see. */
export function problemPage(base: string, title: string, text: string): Html {
  const content = html`<main id="main" tabindex="-1" class="login"><div class="card"><h1>${title}</h1><p>${text}</p><p><a href="${base}">To the console</a></p></div></main>`;
  return renderDocument(base, `${title} · Cellblock`, content);
}
