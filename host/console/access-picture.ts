import type { AccessMap, Door, GrantedCapability, HowOften, ToolUse } from './access-map.ts';
import { plainText } from './exact-text.ts';
import { type Html, html, NOTHING } from './html.ts';

/*
 * Agents at the left, then the tools that they may use, the capabilities of each tool, and the doors that these open. Text is text, so it can be found
 * and copied; colours come from the style sheet.
 */

const ROW = 30;
const BOX = 24;
const LINE = 15;
const LINES_MAX = 3;
const GAP = 18;
const HEAD = 44;
const COLUMNS = { agent: 10, tool: 250, capability: 505, door: 655 } as const;
const WIDE = { agent: 150, tool: 190, capability: 110, door: 470 } as const;
const WIDTH = COLUMNS.door + WIDE.door + 10;
const CHARS = { agent: 18, tool: 23, capability: 13, door: 62 } as const;
/** Tools of one picture; the table has all. */
export const PICTURE_TOOLS_MAX = 60;
const AGENTS_MAX = 60;

interface PlacedTool {
  readonly name: string;
  readonly capabilities: readonly { readonly name: string; readonly doors: readonly Door[]; readonly y: number }[];
  readonly y: number;
  /** Middle of its box. */
  readonly middle: number;
}

/** A picture of who may use what, and where that leads. */
export function accessPicture({ uses, tools }: AccessMap): Html {
  const placed = placeTools([...tools].slice(0, PICTURE_TOOLS_MAX));
  const known = new Map(placed.map((tool) => [tool.name, tool]));
  const shown = uses.filter(({ tool }) => known.has(tool));
  const agents = placeAgents([...new Set(shown.map(({ agent }) => agent))].slice(0, AGENTS_MAX), shown, known);
  const last = placed.at(-1);
  const height =
    Math.max(last === undefined ? HEAD : last.y + heightOf(last.capabilities), ...[...agents.values()].map((y) => y + BOX)) + 16;
  return html`<svg width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="group" aria-labelledby="pic-title pic-desc">
<title id="pic-title">Who may use which tool, and where its capabilities lead</title>
<desc id="pic-desc">${agents.size} agents at the left, ${placed.length} tools, their capabilities, and at the right the doors these open. A dashed line: a human is asked first. The table below says the same.</desc>
${(['agent', 'tool', 'capability', 'door'] as const).map((column) => html`<text class="head" x="${COLUMNS[column]}" y="22">${HEADS[column]}</text>`)}
${shown.map((use) => edge(use, agents, known))}
${[...agents].map(([name, y]) => box('agent', name, y, 'agent'))}
${placed.map(toolPart)}
</svg>`;
}

const HEADS = { agent: 'Agent', tool: 'may use tool', capability: 'which has', door: 'that leads to' } as const;

/** The text of a door in pieces that fit its box; the last one is cut. */
function doorLines({ kind, text }: Door): readonly string[] {
  const whole = plainText(`${KINDS[kind]}${text}`, LINES_MAX * CHARS.door);
  return Array.from({ length: Math.max(1, Math.ceil(whole.length / CHARS.door)) }, (_, line) =>
    whole.slice(line * CHARS.door, (line + 1) * CHARS.door),
  ).slice(0, LINES_MAX);
}

const doorHeight = (door: Door): number => ROW + (doorLines(door).length - 1) * LINE;

function doorsHeight(doors: readonly Door[]): number {
  return Math.max(
    ROW,
    doors.reduce((sum, door) => sum + doorHeight(door), 0),
  );
}

function heightOf(capabilities: readonly GrantedCapability[]): number {
  return Math.max(
    ROW,
    capabilities.reduce((sum, { doors }) => sum + doorsHeight(doors), 0),
  );
}

function placeTools(tools: readonly (readonly [string, readonly GrantedCapability[]])[]): readonly PlacedTool[] {
  let y = HEAD;
  return tools.map(([name, capabilities]) => {
    const top = y;
    let row = top;
    const placed = capabilities.map(({ name: capability, doors }) => {
      const at = row;
      row += doorsHeight(doors);
      return { name: capability, doors, y: at };
    });
    y += heightOf(capabilities) + GAP;
    return { name, capabilities: placed, y: top, middle: top + BOX / 2 };
  });
}

/** Beside the tools that each may use, one below the other. */
function placeAgents(
  names: readonly string[],
  uses: readonly ToolUse[],
  tools: ReadonlyMap<string, PlacedTool>,
): ReadonlyMap<string, number> {
  const wished = names.map((name) => {
    const middles = uses.filter(({ agent }) => agent === name).map(({ tool }) => tools.get(tool)?.middle ?? HEAD);
    return { name, y: middles.reduce((sum, middle) => sum + middle, 0) / Math.max(1, middles.length) - BOX / 2 };
  });
  wished.sort((one, other) => one.y - other.y);
  let least = HEAD;
  return new Map(
    wished.map(({ name, y }) => {
      const at = Math.round(Math.max(y, least));
      least = at + ROW + 6;
      return [name, at] as const;
    }),
  );
}

/** Of all functions that the agent may call. */
export function asksOf({ functions }: ToolUse): HowOften {
  if (functions.every(({ asks }) => asks === 'always')) return 'always';
  return functions.every(({ asks }) => asks === 'never') ? 'never' : 'sometimes';
}

function edge(use: ToolUse, agents: ReadonlyMap<string, number>, tools: ReadonlyMap<string, PlacedTool>): Html {
  const y = agents.get(use.agent);
  const tool = tools.get(use.tool);
  if (y === undefined || tool === undefined) return NOTHING;
  const asks = asksOf(use);
  const [from, to] = [COLUMNS.agent + WIDE.agent, COLUMNS.tool];
  const [start, end] = [y + BOX / 2, tool.middle];
  const bend = (to - from) / 2;
  const path = `M${from} ${start} C${from + bend} ${start} ${to - bend} ${end} ${to} ${end}`;
  return html`<path class="edge${asks === 'never' ? '' : ' asks'}" d="${path}"><title>${plainText(use.agent)} may use ${plainText(use.tool)}${ASKED[asks]}</title></path>`;
}

const ASKED = { always: ', and a human is asked each time', sometimes: ', and a human may be asked', never: '' } as const;

function toolPart({ name, capabilities, middle, y }: PlacedTool): Html {
  const right = COLUMNS.tool + WIDE.tool;
  if (capabilities.length === 0) {
    return html`${box('tool', name, y, '')}${line(right, middle, COLUMNS.door, middle)}${box('door', 'nowhere: it can only compute', y, 'inside')}`;
  }
  const parts = capabilities.map(({ name: capability, doors, y: top }) => {
    const end = COLUMNS.capability + WIDE.capability;
    let at = top;
    const leads = doors.map((door) => {
      const y = at;
      at += doorHeight(door);
      return html`${line(end, top + BOX / 2, COLUMNS.door, y + BOX / 2)}${doorBox(door, y)}`;
    });
    return html`${line(right, middle, COLUMNS.capability, top + BOX / 2)}${box('capability', capability, top, '')}${leads}`;
  });
  return html`${box('tool', name, y, '')}${parts}`;
}

/** What stands before a door, so that colour is not all that tells them apart. */
export const KINDS: Readonly<Record<Door['kind'], string>> = {
  inside: 'stays inside: ',
  host: 'network: ',
  folder: 'files: ',
  store: 'store: ',
  secret: 'secret: ',
  tool: 'tool: ',
  human: 'human: ',
  other: '',
};

function line(x1: number, y1: number, x2: number, y2: number): Html {
  return html`<path class="edge" d="M${x1} ${y1} C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}"></path>`;
}

function doorBox(door: Door, y: number): Html {
  const lines = doorLines(door);
  const height = BOX + (lines.length - 1) * LINE;
  const texts = lines.map((text, index) => html`<tspan x="${COLUMNS.door + 8}" y="${y + 16 + index * LINE}">${text}</tspan>`);
  return html`<g><title>${plainText(`${KINDS[door.kind]}${door.text}`, 400)}</title><rect class="box ${door.kind === 'inside' ? 'inside' : 'out'}" x="${COLUMNS.door}" y="${y}" width="${WIDE.door}" height="${height}" rx="5"></rect><text class="mono">${texts}</text></g>`;
}

function box(column: keyof typeof COLUMNS, text: string, y: number, kind: string): Html {
  const whole = plainText(text, 400);
  const cut = plainText(text, CHARS[column]);
  return html`<g><title>${whole}</title><rect class="box ${kind}" x="${COLUMNS[column]}" y="${y}" width="${WIDE[column]}" height="${BOX}" rx="5"></rect><text class="mono" x="${COLUMNS[column] + 8}" y="${y + 16}">${cut}</text></g>`;
}
