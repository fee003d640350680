export interface KillCounts {
  readonly kills: number;
  readonly acknowledged: number;
  readonly records: number;
  /** Torn records that were cut. */
  readonly recovered: number;
}

export function killWriters(options: {
  readonly kills: number;
  readonly random?: () => number;
  readonly progress?: (counts: KillCounts) => void;
}): Promise<KillCounts>;
