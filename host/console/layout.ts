import type { OperatorDoor } from '../serving/index.ts';
import { CSS_PATH, SCRIPT_PATH } from './assets.ts';
import { plainText } from './exact-text.ts';
import { type Html, html, NOTHING } from './html.ts';
import type { Session } from './sessions.ts';
import { instant } from './times.ts';

/** What all pages of a session share. */
export interface Frame {
  /** Path of the console, without a slash at its end. */
  readonly root: string;
  /** Path of the session's own pages, without a slash at its end. */
  readonly base: string;
  readonly door: OperatorDoor;
  readonly session: Session;
  /** The instant that the page is of. */
  readonly nowMs: number;
  /** Questions without an answer. */
  readonly waiting: number;
  /** What came of the form before this page. */
  readonly notice?: Html | undefined;
}

export interface Page {
  readonly title: string;
  /** Which entry of the menu it belongs to. */
  readonly place: Place;
  readonly body: Html;
  /** Milliseconds after which the script looks at its live parts again; absent: never. */
  readonly everyMs?: number;
}

const PLACES = [
  ['now', '', 'Now'],
  ['approvals', '/approvals', 'Approvals'],
  ['trail', '/trail', 'Trail'],
  ['access', '/access', 'Access'],
  ['charts', '/charts', 'Charts'],
  ['policy', '/policy', 'Policy'],
] as const;

export type Place = (typeof PLACES)[number][0];

/** A whole page for somebody who is logged in. */
export function renderPage(frame: Frame, { title, place, body, everyMs }: Page): Html {
  const { root, base, door, session, nowMs, notice } = frame;
  const content = html`<header class="top">
<a class="brand" href="${base}">Cellblock <span>console</span></a>
<nav aria-label="Pages"><ul>${PLACES.map((entry) => menuEntry(frame, entry, place))}</ul></nav>
<form class="who" method="post" action="${base}/logout"><input type="hidden" name="csrf" value="${session.csrf}">
<span>${plainText(door.name)}${door.mayAnswer ? '' : ' (read only)'}</span> <button class="quiet">Log out</button></form>
</header>
<main id="main" tabindex="-1">
${policyBanner(frame)}
${notice === undefined ? NOTHING : html`<div class="notice" role="status">${notice}</div>`}
${body}
</main>
<footer><p>As of ${instant(nowMs)}. <a href="" class="reload">Reload</a> <span id="stale" role="status"></span></p></footer>`;
  return renderDocument(root, `${title} · Cellblock`, content, {
    room: base,
    ...(everyMs === undefined ? {} : { every: everyMs }),
  });
}

/** What the script of a page is told: where the session's pages are, and after how many milliseconds it looks again. */
interface PageData {
  readonly room?: string;
  readonly every?: number;
}

/** A whole page for anybody. */
export function renderDocument(root: string, title: string, content: Html, { room, every }: PageData = {}): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${root}${CSS_PATH}">
<script src="${root}${SCRIPT_PATH}" defer></script>
</head>
<body${room === undefined ? NOTHING : html` data-room="${room}"`}${every === undefined ? NOTHING : html` data-every="${every}"`}>
<a class="skip" href="#main">Skip to the content</a>
${content}
</body>
</html>`;
}

function menuEntry({ base, waiting }: Frame, [key, path, label]: (typeof PLACES)[number], place: Place): Html {
  const current = key === place ? html` aria-current="page"` : NOTHING;
  const count =
    key === 'approvals'
      ? html`<span id="waiting" data-live>${waiting === 0 ? NOTHING : html` <b class="count">${waiting}<span class="sr"> waiting</span></b>`}</span>`
      : NOTHING;
  return html`<li><a href="${base}${path}"${current}>${label}${count}</a></li>`;
}

/** Shown everywhere: whoever answers has to know that the file says something else than what decides. */
function policyBanner({ base, door }: Frame): Html {
  const { problem } = door.policyState;
  const logOnly = door.policy.mode === 'log-only';
  return html`${
    problem === undefined
      ? NOTHING
      : html`<p class="warn"><b>The policy file has a mistake</b>, so the policy before it stays in force. <a href="${base}/policy">What is wrong</a></p>`
  }${logOnly ? html`<p class="warn"><b>The policy is log-only:</b> its rules are recorded and not enforced.</p>` : NOTHING}`;
}

/** Hidden field that each form has. */
export function csrfField({ session }: Frame): Html {
  return html`<input type="hidden" name="csrf" value="${session.csrf}">`;
}

/** A heading of a column; `num` stands above numbers, at their side. */
export type Heading = string | { readonly num: string };

/** A table that scrolls within itself, so that a phone does not scroll the page. */
export function table(label: string, headings: readonly Heading[], rows: readonly Html[], empty: string): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table>
<thead><tr>${headings.map((heading) => (typeof heading === 'string' ? html`<th scope="col">${heading}</th>` : html`<th scope="col" class="num">${heading.num}</th>`))}</tr></thead>
<tbody>${rows}</tbody></table></div>`;
}
