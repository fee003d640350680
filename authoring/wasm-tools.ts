/**
 * What we use of wasm-tools, as jco carries it. The one home of that package on this side.
 *
 * Each of these runs a WebAssembly component of jco's, which stays broken once an input made it panic: for a command that ends
 * afterwards that does no harm.
 */
export { componentEmbed, componentNew, print as printWat } from '@bytecodealliance/jco-transpile/wasm-tools';
