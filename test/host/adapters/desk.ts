import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AgentDoor, type AgentOutcome, agentDoor, openWarden, type TrailRecord, type Warden, wardenSource } from 'cellblock';
import { afterAll, beforeAll, expect } from 'vitest';
import { guest } from '../../support/guests.ts';
import { plainTool } from '../../support/warden-guests.ts';

/*
 * A real warden for the adapters: the sample tools, small guests, one that paints, one that a human is asked about.
 */

export const POLICY = `version: 1
tools:
  plain: { component: plain.wasm, functions: [take, work, echo, fail, spin, panic], limits: { fuel: 4000000000000, timeout: 20s } }
  guarded: { component: plain.wasm, functions: [echo, take], limits: { fuel: 100000, timeout: 10s } }
  painter: { component: painter.wasm, functions: [paint, frame, hum] }
  numbers: { component: numbers.wasm, functions: [same, half] }
  redact: { component: redact.wasm, functions: [redact] }
  crash-summary: { component: crash-summary.wasm, functions: [summarise] }
agents:
  helper:
    tools:
      - plain
      - painter
      - numbers
      - redact
      - crash-summary
      - { tool: guarded.echo, id: ask-first, ask: { expires: 10m, useWithin: 10m } }
  other: { tools: [plain.echo] }
`;

/** A picture of one pixel. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const escaped = (bytes: Uint8Array): string => [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');

/** `paint` answers a picture, `frame` a record with two, `hum` a sound. */
function painterTool(): Promise<Uint8Array> {
  const media = (at: number, bytes: number, mime: number, mimeBytes: number) =>
    [64, bytes, mime, mimeBytes].map((word, index) => `(i32.store (i32.const ${at + 4 * index}) (i32.const ${word}))`).join(' ');
  const png = (at: number) => media(at, PNG.length, 16, 9);
  return guest(
    `(module
      (memory (export "memory") 1)
      (data (i32.const 16) "image/png") (data (i32.const 32) "audio/wav") (data (i32.const 48) "a pixel")
      (data (i32.const 64) "${escaped(PNG)}")
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
      (func (export "paint") (result i32) ${png(1024)} (i32.const 1024))
      (func (export "hum") (result i32) ${media(1024, 4, 32, 9)} (i32.const 1024))
      (func (export "frame") (result i32)
        (i32.store (i32.const 1024) (i32.const 48)) (i32.store (i32.const 1028) (i32.const 7))
        (i32.store (i32.const 1032) (i32.const 2048)) (i32.store (i32.const 1036) (i32.const 2))
        ${png(2048)} ${png(2064)} (i32.const 1024)))`,
    `package test:painter;
     world w {
       use cellblock:host/media@0.1.0.{media};
       record framed { title: string, pictures: list<media> }
       export paint: func() -> media;
       export frame: func() -> framed;
       export hum: func() -> media;
     }
     package cellblock:host@0.1.0 { interface media { record media { data: list<u8>, mime-type: string } } }`,
  );
}

/** Numbers that JavaScript rounds, and one that it does not. */
function numbersTool(): Promise<Uint8Array> {
  return guest(
    `(module
      (func (export "same") (param i64) (result i64) (local.get 0))
      (func (export "half") (param f64) (result f64) (f64.div (local.get 0) (f64.const 2))))`,
    'package test:numbers; world w { export same: func(n: u64) -> u64; export half: func(x: f64) -> f64; }',
  );
}

/**
 * Writes the tools and the policy into a new folder.
 *
 * @param more - what follows in the policy. @returns the policy's path.
 */
export async function writeSite(site: string, more = ''): Promise<string> {
  mkdirSync(site, { mode: 0o700 });
  writeFileSync(join(site, 'plain.wasm'), await plainTool());
  writeFileSync(join(site, 'painter.wasm'), await painterTool());
  writeFileSync(join(site, 'numbers.wasm'), await numbersTool());
  for (const tool of ['redact', 'crash-summary']) {
    copyFileSync(fileURLToPath(new URL(`../../../tools/${tool}/${tool}.wasm`, import.meta.url)), join(site, `${tool}.wasm`));
  }
  const policy = join(site, 'cellblock.yaml');
  writeFileSync(policy, `${POLICY}${more}`);
  return policy;
}

export interface Desk {
  readonly warden: Warden;
  /** Of the agent `helper`, which may use everything; `guarded` only with a human's yes. */
  readonly door: AgentDoor;
  /** What a human does at a terminal. */
  answer(approval: string | undefined, event: 'approve' | 'deny'): Promise<void>;
}

/** The warden is closed after the tests of the file. */
export function useDesk(): Desk {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-adapters-'));
  let warden: Warden | undefined;
  beforeAll(async () => {
    const policy = await writeSite(join(folder, 'site'));
    warden = await openWarden({ policy, cacheDirectory: join(folder, 'cache'), isolation: 'thread', threads: 2 });
  });
  afterAll(async () => {
    await warden?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    get warden() {
      return warden!;
    },
    get door() {
      return agentDoor(wardenSource(warden!), 'helper');
    },
    async answer(approval, event) {
      const { asked } = await warden!.approvals.show(approval!);
      await warden!.approvals[event](asked.approval, { by: 'ann', digest: asked.digest });
    },
  };
}

/** The next record for which `found` finds anything, and that. Listens from the moment it is called. */
export function nextRecord<Found>(warden: Warden, found: (record: TrailRecord) => Found | undefined): Promise<Found> {
  return new Promise((resolve) => {
    const look = (record: TrailRecord): void => {
      const what = found(record);
      if (what === undefined) return;
      warden.events.off('record', look);
      resolve(what);
    };
    warden.events.on('record', look);
  });
}

/** For `nextRecord`: the approval that is asked for; the call that begins. */
export const asked = (record: TrailRecord) =>
  record.kind === 'approval' && record.event === 'asked' ? record.approval : undefined;
export const begun = (record: TrailRecord) => (record.kind === 'intent' ? record.audit : undefined);

/** A log of a cluster. */
export const LOG = readFileSync(new URL('../../../tools/samples/kube-crashloop.log', import.meta.url), 'utf8');

/** Collects what `onOutcome` hears. */
export function heardOutcomes(): { readonly outcomes: AgentOutcome[]; readonly onOutcome: (outcome: AgentOutcome) => void } {
  const outcomes: AgentOutcome[] = [];
  return { outcomes, onOutcome: (outcome) => void outcomes.push(outcome) };
}

/** How many calls of a tool have run. */
export async function runsOf(warden: Warden, tool: string): Promise<number> {
  let runs = 0;
  for await (const record of warden.audit.query({ kind: 'intent' }))
    if (record.kind === 'intent' && record.tool === tool) runs += 1;
  return runs;
}

/** The approval that a text for a model names. */
export function approvalIn(text: string): string {
  const [, id] = /\(approval ([0-9a-z-]+)\)/.exec(text) ?? [];
  expect(id).toBeDefined();
  return id!;
}
