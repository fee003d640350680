import { readFileSync } from 'node:fs';
import { beforeAll } from 'vitest';
import { type CaseReport, differenceLines } from '../../../dist/authoring/cases/index.js';
import { hostFilesGuest } from '../../support/file-guests.ts';
import { hostileGuest, importingGuest, loggingGuest, wasiGuest } from '../../support/guests.ts';
import { fetchTool, sendTool } from '../../support/http-guests.ts';
import { toolFolder } from './tool-folder.ts';

/** A tool's folder with real components in it, and how to run one case there. */
export function caseFolder() {
  const tool = toolFolder();

  beforeAll(async () => {
    tool.write('redact.wasm', readFileSync('tools/redact/redact.wasm'));
    tool.write('kube-restart.wasm', readFileSync('tools/kube-restart/kube-restart.wasm'));
    tool.write('hostile.wasm', await hostileGuest());
    tool.write('importing.wasm', await importingGuest());
    tool.write('logging.wasm', await loggingGuest());
    tool.write('wasi.wasm', await wasiGuest());
    tool.write('files.wasm', await hostFilesGuest());
    tool.write('send.wasm', await sendTool());
    tool.write('fetch.wasm', await fetchTool());
  });

  /** How the one case with these fields went. */
  async function single(component: string, fields: string): Promise<CaseReport> {
    const { cases } = await tool.run(component, `  - name: one\n${fields.replace(/^/gm, '    ')}\n`);
    return cases[0]!;
  }
  return { tool, single };
}

/** What differs, line by line. */
export const problemsOf = ({ problems }: CaseReport): string[] => problems.flatMap(differenceLines).map((line) => line.trim());
