/**
 * The contract that every capability keeps, the built-in ones and those of embedding programs; for a test of any framework:
 *
 * ```ts
 * import { checkCapability } from 'cellblock/contract';
 *
 * expect(await checkCapability(WEATHER, { component, scope: { cities: ['Bremen'] }, ... })).toEqual([]);
 * ```
 */

export { type CapabilityExample, checkCapability, type FunctionCall } from './check.ts';
