/** Frames that a terminal shows; `--json` has all. */
const SHOWN_MAX = 16;

interface Frame {
  readonly function?: unknown;
  readonly file?: unknown;
  readonly line?: unknown;
  readonly module?: unknown;
  readonly offset?: unknown;
}

/**
 * The guest's stack of an error, innermost first, as lines for people: `at redact::scan (src/scan.rs:41)`.
 *
 * @param data - of an outcome's error. @returns no lines where it has no stack.
 */
export function stackLines(data: unknown): readonly string[] {
  const stack = (data as { readonly stack?: unknown } | null | undefined)?.stack;
  if (!Array.isArray(stack)) return [];
  const lines = stack.slice(0, SHOWN_MAX).map((frame: Frame) => `  at ${String(frame.function)} (${placeOf(frame)})`);
  return stack.length > SHOWN_MAX ? [...lines, `  and ${stack.length - SHOWN_MAX} more`] : lines;
}

/** The line of the source, else the place in the core module. */
function placeOf({ file, line, module, offset }: Frame): string {
  return file === undefined ? `module[${String(module)}]+0x${Number(offset).toString(16)}` : `${String(file)}:${String(line)}`;
}
