export interface RuntimeTest {
  readonly name: string;
  readonly folder: string;
  readonly wit: string;
  readonly runner: string;
  readonly dependencies: readonly string[];
  readonly rust: readonly string[];
}

export function runtimeTests(root: string): RuntimeTest[];
export function sourcesOf(test: RuntimeTest, world: string): string[];
