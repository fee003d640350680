import { type AccessMap, accessMap, type FunctionAccess, type ToolUse } from './access-map.ts';
import { accessPicture, KINDS, PICTURE_TOOLS_MAX } from './access-picture.ts';
import { inlineText } from './exact-text.ts';
import { type Html, html, NOTHING } from './html.ts';
import { type Frame, type Page, table } from './layout.ts';
import { pill } from './words.ts';

const ROWS_MAX = 500;

/** Which agent may use which tool with which capability, and where that leads. */
export function accessPage(frame: Frame, agent: string | undefined): Page {
  const { base, door } = frame;
  const names = [...door.policy.agents.keys()];
  const known = agent !== undefined && names.includes(agent) ? agent : undefined;
  const map = accessMap(door.policy, known);
  const body = html`<h1>Access</h1>
<p class="lead">Which agent may use which tool, what the tool is given, and where that leads. What is not here is refused.</p>
<form class="card" method="get" action="${base}/access"><div class="filters"><div><label for="f-agent">Agent</label>
<select id="f-agent" name="agent"><option value="">all agents</option>${names.slice(0, 1000).map((name) => html`<option value="${name}"${name === known ? html` selected` : NOTHING}>${name}</option>`)}</select></div>
<div><button class="go">Show</button></div></div></form>
${map.uses.length === 0 ? html`<p class="empty">No agent may use any tool.</p>` : picture(map)}
<section aria-labelledby="h-table"><h2 id="h-table">The same as a table</h2>${accessTable(map)}</section>
${map.idle.length === 0 ? NOTHING : html`<p>Tools that no agent may use: ${map.idle.slice(0, 100).map((name, index) => html`${index === 0 ? '' : ', '}<code>${inlineText(name)}</code>`)}.</p>`}`;
  return { title: 'Access', place: 'access', body };
}

function picture(map: AccessMap): Html {
  const left = map.tools.size - PICTURE_TOOLS_MAX;
  return html`<section aria-labelledby="h-pic"><h2 id="h-pic">Picture</h2>
<ul class="legend"><li>${pill('ask', 'dashed line')} a human is asked</li><li>${pill('ask', 'amber')} leads out of the cell</li><li>${pill('ok', 'green')} stays inside</li></ul>
<p class="sideways">Wider than the screen: it moves sideways.</p>
<div class="scroll picture" role="region" aria-label="Picture of who may use what" tabindex="0">${accessPicture(map)}</div>
${left > 0 ? html`<p class="small">${left} more tools are in the table only; choose an agent to see its own.</p>` : NOTHING}</section>`;
}

function accessTable({ uses, tools }: AccessMap): Html {
  const rows = uses.slice(0, ROWS_MAX).map((use) => accessRow(use, tools.get(use.tool) ?? []));
  return html`${table('Who may use what', ['Agent', 'Tool', 'Functions', 'A human', 'Capabilities, and where they lead'], rows, 'No agent may use any tool.')}${
    uses.length > ROWS_MAX ? html`<p class="small">${uses.length - ROWS_MAX} more; choose an agent.</p>` : NOTHING
  }`;
}

type Capabilities = NonNullable<ReturnType<AccessMap['tools']['get']>>;

function accessRow({ agent, tool, functions }: ToolUse, capabilities: Capabilities): Html {
  return html`<tr><td>${inlineText(agent)}</td><th scope="row">${inlineText(tool)}</th>
<td><ul class="plain">${functions.map((one) => html`<li><code>${inlineText(one.name, 120)}</code>${one.may === 'sometimes' ? html` <span class="small">under conditions</span>` : NOTHING}</li>`)}</ul></td>
<td><ul class="plain">${[...new Set(functions.map(askText))].map((text) => html`<li>${text}</li>`)}</ul></td>
<td>${capabilities.length === 0 ? 'none: it can only compute' : html`<ul class="plain">${capabilities.flatMap(({ name, doors }) => doors.map((door) => html`<li><code>${inlineText(name)}</code> ${KINDS[door.kind]}${inlineText(door.text, 400)}</li>`))}</ul>`}</td></tr>`;
}

function askText({ asks }: FunctionAccess): Html {
  if (asks === 'never') return html`not asked`;
  return asks === 'always' ? pill('ask', 'asked each time') : pill('ask', 'may be asked');
}
