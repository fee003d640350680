export { COST_MODELS, type CostModel, type CostModelName, checkCostModel } from './costs.ts';
export { INSTRUMENT_DEFAULTS, type InstrumentedModule, type InstrumentOptions, instrument } from './instrument.ts';
export { createMeter, type Meter, type MeterBudget, type Reservation } from './meter.ts';
export { MODULE_LIMITS } from './module-limits.ts';
export { METER_EXPORTS, METER_NAMESPACE } from './names.ts';
export type { Optimizations } from './optimizations.ts';
