import type { PlainJson } from '../../runtime/index.ts';
import { approvalStatus, lapsesAt } from '../approvals/approval.ts';
import { type Approval, type Asked, SHAPE_MINUTES_MAX, SHAPE_USES_MAX } from '../approvals/index.ts';
import { notAscii, visibleJson } from '../approvals/visible-json.ts';
import { callName, exactValue, inlineText } from './exact-text.ts';
import { type Html, html, NOTHING } from './html.ts';
import { csrfField, type Frame, type Page } from './layout.ts';
import { ago, durationText, grouped, instant } from './times.ts';
import { statusWords } from './words.ts';

const EVERY_MS = 3000;
const PARAMETERS_MAX = 200;

/** One question: the exact call, why it is asked for and by whom, what it could reach, and the answer. */
export function approvalPage(frame: Frame, approval: Approval): Page {
  const { asked } = approval;
  const { subject } = asked;
  const isOpen = approvalStatus(approval, frame.nowMs) === 'pending';
  const name = html`<code>${inlineText(callName(subject), 200)}</code>`;
  const agent = html`<code>${inlineText(subject.agent)}</code>`;
  const title = subject.question === undefined ? html`May agent ${agent} call ${name}?` : html`A running call of ${name} asks`;
  const body = html`<h1>${title}</h1>
<div id="state" data-live>${stateCard(frame, approval)}${otherPolicy(frame, approval)}</div>
${subject.question === undefined ? NOTHING : questionCard(asked)}
${parametersCard(frame, asked)}
${wordsCard(asked)}
<div class="two">${reachCard(asked)}${whyCard(frame, asked)}</div>
${isOpen ? answerCard(frame, asked) : NOTHING}
${revokeCard(frame, approval)}`;
  return { title: `Approval ${asked.approval}`, place: 'approvals', body, everyMs: EVERY_MS };
}

/** Who said what: the first answer counts, and whoever comes second reads here whose it was. */
function stateCard({ base, nowMs, door }: Frame, approval: Approval): Html {
  const { asked, approved, ended } = approval;
  const status = approvalStatus(approval, nowMs);
  const [tone, words] = statusWords(status);
  const said = (what: string, by: string | undefined, at: number, channel: string | undefined, reason: string | undefined) =>
    html`<p>${what}${by === undefined ? NOTHING : html` by ${by === door.name ? html`<b>you</b>` : html`<b>${inlineText(by)}</b>`}`}${
      channel === undefined ? NOTHING : html` through ${inlineText(channel)}`
    }, ${ago(at, nowMs)} (${instant(at)}).${reason === undefined ? NOTHING : html` Reason: ${inlineText(reason, 1000)}`}</p>`;
  if (status === 'pending') {
    return html`<div class="card state ask"><p class="big">Waits for an answer: ${durationText(lapsesAt(approval) - nowMs)} left</p>
<p>Asked ${ago(asked.at, nowMs)}; over at ${instant(asked.expiresAt)}. No answer is a no.</p></div>`;
  }
  return html`<div class="card state ${tone}"><p class="big">This question is ${words}</p>
${approved === undefined ? NOTHING : said('Approved', approved.by, approved.at, approved.channel, approved.reason)}
${ended === undefined || ended.status === 'used' || ended.status === 'expired' ? NOTHING : said(ended.status === 'denied' ? 'Denied' : 'Taken back', ended.by, ended.at, ended.channel, ended.reason)}
${ended?.status === 'used' ? html`<p>The call ran ${ago(ended.at, nowMs)}${ended.audit === undefined ? NOTHING : html`: <a href="${base}/requests/${encodeURIComponent(ended.audit)}">its story</a>`}.</p>` : NOTHING}
${status === 'approved' ? html`<p>It may run once, before ${instant(lapsesAt(approval))}: the agent has to file the same request again.</p>` : NOTHING}
${status === 'expired' ? html`<p>${approved === undefined ? 'Nobody answered' : 'It was not used'} before ${instant(approved === undefined ? asked.expiresAt : approved.at + asked.useWithinMs)}.</p>` : NOTHING}</div>`;
}

/** A yes fits requests under the policy that asked, and no others. That of a running call is for this call, which ends under its own. */
export function isOfAnotherPolicy({ policyState }: Frame['door'], { policy, question }: Asked['subject']): boolean {
  return question === undefined && policy !== policyState.digest;
}

/** Whoever answers would else wait for a call that does not come. */
function otherPolicy({ door, nowMs }: Frame, approval: Approval): Html {
  const status = approvalStatus(approval, nowMs);
  if ((status !== 'pending' && status !== 'approved') || !isOfAnotherPolicy(door, approval.asked.subject)) return NOTHING;
  return html`<p class="warn"><b>Asked under another policy than the one in force.</b> A yes lets nothing run: under this policy the agent has to ask again.</p>`;
}

function questionCard({ subject: { question, tool } }: Asked): Html {
  return html`<section class="card theirs" aria-labelledby="h-question"><h2 id="h-question">The question, in the words of the tool <code>${inlineText(tool)}</code>, which nobody checked</h2>
${exactValue(question?.text ?? '')}${question?.details === undefined ? NOTHING : html`<h3>Details</h3>${exactValue(question.details)}`}
<p class="small">A yes goes to the call that runs. It lets no other call run.</p></section>`;
}

function parametersCard({ base }: Frame, { parameters, audit }: Asked): Html {
  const story = html`<a href="${base}/requests/${encodeURIComponent(audit)}">its story</a>`;
  const head = html`<h2 id="h-call">The call, exactly as it would run</h2>`;
  if (parameters === null) {
    return html`<section class="card" aria-labelledby="h-call">${head}<p>This question is over, so its parameters are no longer kept beside it; ${story} has them.</p></section>`;
  }
  const named = isNamed(parameters) ? Object.entries(parameters) : undefined;
  if (named === undefined) return html`<section class="card" aria-labelledby="h-call">${head}${withNote(parameters)}</section>`;
  const more = named.length - PARAMETERS_MAX;
  return html`<section class="card" aria-labelledby="h-call">${head}${
    named.length === 0
      ? html`<p>No parameters.</p>`
      : html`<dl class="params">${named.slice(0, PARAMETERS_MAX).map(([name, value]) => html`<dt>${inlineText(name, 200)}</dt><dd>${withNote(value)}</dd>`)}</dl>`
  }${more > 0 ? html`<p><b>${grouped(more)} more parameters</b> are in ${story}.</p>` : NOTHING}</section>`;
}

/** With what might be taken for another character. */
function withNote(value: PlainJson): Html {
  const json = visibleJson(value);
  const note = notAscii(json);
  const hidden = /\\u[0-9a-f]{4}/.test(json);
  return html`${exactValue(value)}${note === undefined ? NOTHING : html`<p class="small">${note}</p>`}${
    hidden
      ? html`<p class="small"><b>Has characters that cannot be seen</b>; they stand as <span class="esc">\\u…</span> here.</p>`
      : NOTHING
  }`;
}

function wordsCard({ subject: { justification, source, agent }, parameters }: Asked): Html {
  if (parameters === null) return NOTHING;
  const part = (label: string, words: string | undefined) =>
    html`<h3>${label}</h3>${words === undefined ? html`<p>The agent gave none.</p>` : withNote(words)}`;
  return html`<section class="card theirs" aria-labelledby="h-words"><h2 id="h-words">In the agent’s own words, which nobody checked</h2>
<p class="small">What <code>${inlineText(agent)}</code> wrote. It may be mistaken, or talked into it by a text that it read: decide by the call above.</p>
${part('Why it asks', justification)}${part('What made it ask (source)', source)}</section>`;
}

function reachCard({ subject }: Asked): Html {
  const { grants, limits, component, session, tool, function: name } = subject;
  const limitTexts = Object.entries(limits).sort(([one], [other]) => (one < other ? -1 : 1));
  return html`<section class="card" aria-labelledby="h-reach"><h2 id="h-reach">What it could reach</h2><dl>
<dt>Capabilities</dt><dd>${grants.length === 0 ? 'none: it can only compute' : grants.map(grantText)}</dd>
<dt>Limits</dt><dd>${limitTexts.length === 0 ? 'none' : html`${limitTexts.map(([limit, value], index) => html`${index === 0 ? '' : ' · '}${inlineText(limit)} ${inlineText(grouped(value))}`)}`}</dd>
<dt>Function</dt><dd><code>${inlineText(name, 300)}</code> of <code>${inlineText(tool)}</code></dd>
<dt>Component</dt><dd><code>${inlineText(component, 100)}</code></dd>
${session === undefined ? NOTHING : html`<dt>Session</dt><dd>${inlineText(session, 256)}</dd>`}</dl></section>`;
}

/** A capability with its scope, which is JSON where it is not cut. */
function grantText(grant: string): Html {
  const space = grant.indexOf(' ');
  if (space < 0) return html`<div><code>${inlineText(grant)}</code></div>`;
  try {
    // Read only to be shown again, with lines.
    const scope = JSON.parse(grant.slice(space + 1)) as PlainJson;
    return html`<div><code>${inlineText(grant.slice(0, space))}</code>, and of it only:${exactValue(scope)}</div>`;
  } catch {
    return html`<div><code>${inlineText(grant, 600)}</code></div>`;
  }
}

function whyCard({ base }: Frame, { approval, rules, approvers, channels, subject, digest, audit, useWithinMs }: Asked): Html {
  return html`<section class="card" aria-labelledby="h-why"><h2 id="h-why">Why a human is asked</h2><dl>
<dt>Question</dt><dd><code>${approval}</code></dd>
<dt>Rules</dt><dd>${rules.length === 0 ? 'none' : html`<ul class="plain">${rules.map((rule) => html`<li>${inlineText(rule, 200)}</li>`)}</ul>`}</dd>
<dt>Who may answer</dt><dd>${approvers.length === 0 ? 'any operator' : approvers.map((one, index) => html`${index === 0 ? '' : ', '}${inlineText(one)}`)}</dd>
<dt>Also asked through</dt><dd>${channels.length === 0 ? 'no channel' : channels.map((one, index) => html`${index === 0 ? '' : ', '}${inlineText(one)}`)}</dd>
<dt>A yes lasts</dt><dd>${durationText(useWithinMs)}, for one call</dd>
<dt>Request</dt><dd><a href="${base}/requests/${encodeURIComponent(audit)}">its story so far</a></dd>
<dt>Policy</dt><dd><code>${inlineText(subject.policy, 100)}</code></dd>
<dt>Digest of it all</dt><dd><code>${inlineText(digest, 100)}</code></dd></dl></section>`;
}

function answerCard(frame: Frame, asked: Asked): Html {
  const { base, door } = frame;
  if (!door.mayAnswer) return html`<p class="notice">You may read and not answer.</p>`;
  if (asked.approvers.length > 0 && !asked.approvers.includes(door.name)) {
    return html`<p class="notice">Only ${asked.approvers.map((one, index) => html`${index === 0 ? '' : ', '}${inlineText(one)}`)} may answer this, as the policy says.</p>`;
  }
  // Deny comes first: it is what Enter in a field does.
  return html`<section class="card" aria-labelledby="h-answer"><h2 id="h-answer">Your answer</h2>
<form method="post" action="${base}/approvals/${encodeURIComponent(asked.approval)}/answer">
${csrfField(frame)}<input type="hidden" name="digest" value="${asked.digest}">
<label for="reason">Reason <span class="small">(optional; the trail keeps it, and the agent reads the reason of a no)</span></label>
<textarea id="reason" name="reason" maxlength="1000" rows="2"></textarea>
${asked.subject.question === undefined ? shapeFields(asked) : NOTHING}
<div class="buttons"><button class="nay" name="verdict" value="deny">Deny</button><button class="yes" name="verdict" value="approve">Approve this call</button></div>
<p class="small">Your answer is for what this page shows. Should the question be another by now, it does not count.</p>
</form></section>`;
}

/** A yes for calls like this one. */
function shapeFields({ parameters }: Asked): Html {
  const names = isNamed(parameters) ? Object.keys(parameters).slice(0, PARAMETERS_MAX) : [];
  return html`<details><summary>Approve calls like this one for a while, too</summary><fieldset><legend>Calls like this one</legend>
<label class="inline"><input type="checkbox" name="shape" value="yes"> With a yes, let them run without a question</label>
${names.length === 0 ? NOTHING : html`<p>Parameters that may differ; all others stay as they are:</p><div>${names.map((name) => html`<label class="inline"><input type="checkbox" name="free" value="${name}"> ${inlineText(name, 100)}</label>`)}</div>`}
<div class="filters"><div><label for="minutes">For how many minutes <span class="small">(at most ${grouped(SHAPE_MINUTES_MAX)})</span></label><input id="minutes" name="minutes" type="number" min="1" max="${SHAPE_MINUTES_MAX}" value="15"></div>
<div><label for="uses">For how many calls <span class="small">(at most ${grouped(SHAPE_USES_MAX)})</span></label><input id="uses" name="uses" type="number" min="1" max="${SHAPE_USES_MAX}" value="3"></div></div>
</fieldset></details>`;
}

function revokeCard(frame: Frame, approval: Approval): Html {
  if (!frame.door.mayAnswer || approvalStatus(approval, frame.nowMs) !== 'approved') return NOTHING;
  return html`<section class="card" aria-labelledby="h-revoke"><h2 id="h-revoke">Take the yes back</h2>
<form method="post" action="${frame.base}/approvals/${encodeURIComponent(approval.asked.approval)}/revoke">${csrfField(frame)}
<label for="why">Reason <span class="small">(optional)</span></label><textarea id="why" name="reason" maxlength="1000" rows="2"></textarea>
<div class="buttons"><button class="nay">Take it back</button></div></form></section>`;
}

function isNamed(parameters: PlainJson): parameters is { readonly [name: string]: PlainJson } {
  return typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters);
}
