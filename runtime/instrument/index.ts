export { COST_MODEL } from './costs.ts';
export { INSTRUMENT_DEFAULTS, type InstrumentedModule, type InstrumentOptions, instrument } from './instrument.ts';
export { createMeter, type Meter, type MeterBudget, type Reservation } from './meter.ts';
export { MODULE_LIMITS } from './module-limits.ts';
export { MEMORY_EXPORT_PREFIX, METER_NAMESPACE } from './names.ts';
