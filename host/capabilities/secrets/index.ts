export { SECRETS } from './secrets.ts';
