export function bulkFilesGuest(): Promise<Uint8Array>;
export function bulkFetchGuest(): Promise<Uint8Array>;
export function httpWit(world: string, status?: string): string;
