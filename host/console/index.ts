/** The operator's console, "the one-way mirror": pages from the server, which see everything and change nothing but answers to questions. */

export { type ConsoleOptions, type OperatorConsole, openConsole } from './open-console.ts';
