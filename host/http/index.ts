/** The HTTP API. It translates: what may be done is for the warden to say, and who comes for the policy. */

export { openApiDocument } from './document.ts';
export { HTTP_LIMITS, type HttpLimits } from './limits.ts';
export { type HttpOptions, type HttpServer, openHttpServer } from './server.ts';
