export { flameGraph } from './flame-svg.ts';
export { foldedStacks } from './folded.ts';
export type { FuelTree } from './fuel-tree.ts';
export { type FuelProfile, type FuelRow, type ProfileRequest, profileCalls } from './profile-call.ts';
export { profileTable } from './table.ts';
