import type * as Environment from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-environment';
import type * as Exit from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-exit';
import type * as Stderr from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-stderr';
import type * as Stdin from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-stdin';
import type * as Stdout from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-stdout';
import type * as TerminalInput_ from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-terminal-input';
import type * as TerminalOutput_ from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-terminal-output';
import type * as TerminalStderr from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-terminal-stderr';
import type * as TerminalStdin from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-terminal-stdin';
import type * as TerminalStdout from '@bytecodealliance/preview2-shim/interfaces/wasi-cli-terminal-stdout';
import type { ByteSink, ByteSource } from './bytes.ts';
import type { Conforms } from './conform.ts';
import { HostResource, type WasiContext } from './context.ts';
import { ExitSignal } from './exit-signal.ts';
import { InputStream, OutputStream } from './io.ts';

/** `wasi:cli/terminal-input` `terminal-input`: there is no terminal, so none is ever made. */
export class TerminalInput extends HostResource implements TerminalInput_.TerminalInput {}
/** `wasi:cli/terminal-output` `terminal-output`: there is no terminal, so none is ever made. */
export class TerminalOutput extends HostResource implements TerminalOutput_.TerminalOutput {}

/** `wasi:cli/environment`, in the form that bindings import; there is no current directory. */
export function environment(context: WasiContext, args: readonly string[], env: readonly (readonly [string, string])[]) {
  return {
    getEnvironment: () => context.call(() => env.map(([name, value]): [string, string] => [name, value])),
    getArguments: () => context.call(() => [...args]),
    initialCwd: () => context.call(() => undefined),
  } satisfies Conforms<typeof Environment>;
}

/** `wasi:cli/exit`, in the form that bindings import: throws `ExitSignal`, which ends the call and nothing else. */
export function exit(context: WasiContext) {
  return {
    exit: (status: Exit.Result<void, void>): void =>
      context.call(() => {
        throw new ExitSignal(status.tag === 'ok' ? 0 : 1);
      }),
    exitWithCode: (statusCode: number): void =>
      context.call(() => {
        throw new ExitSignal(statusCode);
      }),
  } satisfies Conforms<typeof Exit> & { exitWithCode(statusCode: number): void };
}

/** `wasi:cli/stdin`. Each call makes a stream over the same source. */
export function stdin(context: WasiContext, source: ByteSource) {
  return { getStdin: () => context.call(() => new InputStream(context, source)) } satisfies Conforms<typeof Stdin>;
}

/** `wasi:cli/stdout`. Each call makes a stream over the same sink. */
export function stdout(context: WasiContext, sink: ByteSink) {
  return { getStdout: () => context.call(() => new OutputStream(context, sink)) } satisfies Conforms<typeof Stdout>;
}

/** `wasi:cli/stderr`. Each call makes a stream over the same sink. */
export function stderr(context: WasiContext, sink: ByteSink) {
  return { getStderr: () => context.call(() => new OutputStream(context, sink)) } satisfies Conforms<typeof Stderr>;
}

/** The five `wasi:cli/terminal-*` interfaces: none of the standard streams is a terminal. */
export function terminals(context: WasiContext) {
  const none = () => context.call(() => undefined);
  return {
    'wasi:cli/terminal-input': { TerminalInput } satisfies Conforms<typeof TerminalInput_>,
    'wasi:cli/terminal-output': { TerminalOutput } satisfies Conforms<typeof TerminalOutput_>,
    'wasi:cli/terminal-stdin': { getTerminalStdin: none } satisfies Conforms<typeof TerminalStdin>,
    'wasi:cli/terminal-stdout': { getTerminalStdout: none } satisfies Conforms<typeof TerminalStdout>,
    'wasi:cli/terminal-stderr': { getTerminalStderr: none } satisfies Conforms<typeof TerminalStderr>,
  };
}
