import type { Component } from './types.ts';

/**
 * What the trusted side has to know of a component: all but its bytes and what is inside. The rest stays in the runner that
 * decoded it.
 */
export type ComponentDescription = Omit<Component, 'bytes' | 'body' | 'coreModules'>;
