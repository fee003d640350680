import type { Outcome, Warden } from 'cellblock';

export interface Pod {
  readonly name: string;
  readonly 'last-error': string;
}

export const INJECTED_LOG: string;
export function readLog(warden: Warden): Promise<Outcome>;
export function obeyTheLog(warden: Warden, pod: Pod): Promise<Outcome>;
export function restart(
  warden: Warden,
  pod: Pod,
  options?: { readonly approval?: string; readonly target?: string },
): Promise<Outcome>;
