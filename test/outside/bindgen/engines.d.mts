export interface EngineAnswer {
  readonly passed: boolean;
  readonly why?: string;
}

export function runHere(runtime: object, file: string): Promise<EngineAnswer>;
export function runInWasmtime(python: string, files: readonly string[]): Promise<Map<string, EngineAnswer>>;
