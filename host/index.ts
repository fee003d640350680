/**
 * Cellblock as a library: open a warden with a policy, file requests, get outcomes with receipts.
 *
 * ```ts
 * import { openWarden } from 'cellblock';
 *
 * const warden = await openWarden({ policy: 'cellblock.yaml' });
 * const outcome = await warden.request({ agent: 'triage', tool_name: 'redact', parameters: { text: 'hello' } });
 * await warden.close();
 * ```
 */

export { BUILT_IN, type CapabilityEntry, grantFor, KNOWN_GRANTS } from './capabilities/index.ts';
export * from './policy/index.ts';
export type { Outcome, Receipt } from './receipt.ts';
export { openWarden, type ToolRequest, Warden, type WardenOptions } from './warden.ts';
