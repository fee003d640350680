export { KV } from './kv.ts';
export { closeKvStores } from './kv-file.ts';
