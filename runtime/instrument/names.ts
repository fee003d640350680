/** Import namespace of the meter's globals. No guest module may import from it. */
export const METER_NAMESPACE = 'cellblock:meter';

/** Prefix of the exports that show each defined memory to the host. No guest module may export such a name. */
export const MEMORY_EXPORT_PREFIX = 'cellblock:memory:';
