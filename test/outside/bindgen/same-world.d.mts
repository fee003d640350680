import type { Component } from '../../../runtime/index.ts';

export function differenceOf(wanted: Component, found: Component): string | undefined;
