import type { Outcome, Warden } from 'cellblock';

export interface Pod {
  readonly name: string;
  readonly 'last-error': string;
}

export interface RestartOptions {
  readonly approval?: string;
  readonly apiServer?: string;
  readonly namespace?: string;
  readonly target?: string;
}

export const INJECTED_LOG: string;
export function policyFor(apiServer: string): string;
export function readLog(warden: Warden): Promise<Outcome>;
export function obeyTheLog(warden: Warden, pod: Pod): Promise<Outcome>;
export function restart(warden: Warden, pod: Pod, options?: RestartOptions): Promise<Outcome>;
