import { inlineText, lineText } from './exact-text.ts';
import { type Html, html, NOTHING } from './html.ts';
import { csrfField, type Frame, type Page } from './layout.ts';
import { DIFF_REQUESTS_MAX, type Found } from './policy-work.ts';
import type { Kept } from './sessions.ts';
import { grouped } from './times.ts';

const LINES_MAX = 3000;
/** What a field may be filled with again: it shows no escapes. */
const PLAIN = /^[\x20-\x7e\r\n]*$/;

/** The policy in force, why it decides as it does, and what another one would change. */
export function policyPage(frame: Frame): Page {
  const { base, door } = frame;
  const body = html`<h1>Policy</h1>
<p class="lead">What decides. It is changed by changing its file, never from here and never by an agent.</p>
${stateCard(frame)}
${explainCard(frame, example(frame))}
<section class="card" aria-labelledby="h-diff"><h2 id="h-diff">What would another policy change?</h2>
<p>Compares with the policy in force: what the two say, and how up to ${grouped(DIFF_REQUESTS_MAX)} requests of the last day would have been decided. Nothing is put in force. A ceiling in a file of its own is not applied to the other one, and of its components only those are read that the policy in force names.</p>
<form method="post" action="${base}/policy/diff">${csrfField(frame)}
<label for="policy">Text of the other policy <span class="small">(empty: <code>${inlineText(door.policy.fileName)}</code> as it is on the disk now)</span></label>
<textarea id="policy" class="code" name="policy" rows="10" spellcheck="false"></textarea>
<div class="buttons"><button class="go">Compare</button></div></form></section>`;
  return { title: 'Policy', place: 'policy', body };
}

function explainCard(frame: Frame, json: string): Html {
  return html`<section class="card" aria-labelledby="h-explain"><h2 id="h-explain">Why would a request be allowed or denied?</h2>
<p>Nothing runs, and nothing is recorded. Budgets count as unused.</p>
<form method="post" action="${frame.base}/policy/explain">${csrfField(frame)}
<label for="request">A request as JSON</label>
<textarea id="request" class="code" name="request" rows="8" required spellcheck="false">${json}</textarea>
<div class="buttons"><button class="go">Explain</button></div></form></section>`;
}

function stateCard({ door }: Frame): Html {
  const { policy, policyState } = door;
  const { problem, digest } = policyState;
  const state =
    problem === undefined
      ? html`<p class="big">In force, as it is in the file</p>`
      : html`<p class="big">The file has a mistake: the policy before it stays in force</p>${exactLines(problem)}`;
  return html`<section class="card state ${problem === undefined ? 'ok' : 'no'}" aria-label="State of the policy">${state}
<dl><dt>File</dt><dd><code>${inlineText(policy.file, 300)}</code></dd>
<dt>Digest in force</dt><dd><code>${digest}</code></dd>
<dt>Mode</dt><dd>${policy.mode === 'log-only' ? 'log-only: rules are recorded and not enforced' : 'enforce'}</dd>
<dt>It has</dt><dd>${grouped(policy.agents.size)} agents, ${grouped(policy.tools.size)} tools, ${grouped(policy.ruleSet.all.length)} rules</dd></dl></section>`;
}

/** Of the first agent and the first tool that it lists. */
function example({ door: { policy } }: Frame): string {
  const [agent] = policy.agents.values();
  const [tool] = agent?.access.keys() ?? [];
  const name = tool ?? [...policy.tools.keys()][0] ?? 'tool';
  const first = policy.tools.get(name)?.functions;
  const whole = first === undefined || first.length === 1 ? name : `${name}.${first[0]}`;
  return JSON.stringify({ agent: agent?.name ?? 'agent', tool_name: whole, parameters: {}, justification: '' }, null, 2);
}

/** What `explain` found, for the page after the form. */
export function explainedPage(found: Found, json: string): Kept {
  const isPlain = PLAIN.test(json);
  const body = html`<h1>Why</h1>
${'problem' in found ? problemCard(found.problem) : linesCard('Explanation', found.lines)}
${isPlain ? NOTHING : html`<section class="card theirs"><h2>The request that was explained</h2>${exactLines(json)}</section>`}`;
  return { title: 'Why', body, ...(isPlain ? { request: json } : {}) };
}

/** An answer that was kept, and the way on from it. */
export function foundPage(frame: Frame, { title, body, request }: Kept): Page {
  const again = request === undefined ? NOTHING : explainCard(frame, request);
  return { title, body: html`${body}${again}<p><a href="${frame.base}/policy">Back to the policy</a></p>`, place: 'policy' };
}

/** What `diff` found. */
export function diffedPage(found: Found, whence: string): Kept {
  const body = html`<h1>What ${whence} would change</h1>
${'problem' in found ? problemCard(found.problem) : html`${linesCard('What the two policies say', found.lines, true)}${linesCard('Requests of the last day, decided by both', found.more ?? [], true)}`}`;
  return { title: 'What would change', body };
}

function problemCard(problem: string): Html {
  return html`<div class="card state no"><p class="big">It cannot be used</p>${exactLines(problem)}</div>`;
}

/** Line by line, with everything that cannot be seen as an escape. */
function exactLines(text: string): Html {
  const lines = text.slice(0, 20_000).split('\n');
  return html`<pre class="lines">${lines.map((line) => html`<span>${line === '' ? ' ' : lineText(line)}</span>`)}</pre>`;
}

function linesCard(title: string, lines: readonly string[], isDiff = false): Html {
  const more = lines.length - LINES_MAX;
  return html`<section class="card"><h2>${title}</h2><pre class="lines">${lines.slice(0, LINES_MAX).map((line) => html`<span${isDiff ? markOf(line) : NOTHING}>${line === '' ? ' ' : lineText(line)}</span>`)}</pre>${
    more > 0 ? html`<p>${grouped(more)} more lines: <code>cellblock policy diff</code> has them.</p>` : NOTHING
  }</section>`;
}

const MARKS: Readonly<Record<string, string>> = { '+': 'plus', '-': 'minus', '~': 'tilde' };

function markOf(line: string): Html {
  const mark = /^\s*([-+~]) /.exec(line)?.[1];
  return mark === undefined ? NOTHING : html` class="${MARKS[mark] ?? ''}"`;
}
