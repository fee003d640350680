export interface KilledWardens {
  readonly kills: number;
  readonly answered: number;
  readonly effects: number;
  readonly interrupted: number;
}

export function killWardens(options: {
  readonly kills: number;
  readonly answersMin?: number;
  readonly random?: () => number;
  readonly progress?: (so: { readonly kills: number; readonly answered: number }) => void;
}): Promise<KilledWardens>;
