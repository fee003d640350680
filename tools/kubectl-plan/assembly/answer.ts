/** What a call ends with: a request, or why there is none. */

/** Cases of `method`, numbered as the WIT orders them. */
export const GET: u32 = 0;
export const POST: u32 = 1;
export const PATCH: u32 = 2;
export const DELETE: u32 = 3;

/** Cases of `plan-error`, numbered as the WIT orders them. */
export const UNKNOWN_VERB: u32 = 0;
export const UNKNOWN_TARGET: u32 = 1;
export const BAD_NAME: u32 = 2;
export const BAD_NAMESPACE: u32 = 3;
export const MISSING: u32 = 4;
export const UNWANTED: u32 = 5;
export const BAD_COMMAND: u32 = 6;
export const TOO_MANY_REPLICAS: u32 = 7;
export const BAD_TIME: u32 = 8;

/** The fields of `api-request`. */
export class ApiRequest {
  contentType: string | null = null;
  body: string | null = null;

  constructor(
    public method: u32,
    public path: string,
    public summary: string,
  ) {}

  with(contentType: string, body: string): ApiRequest {
    this.contentType = contentType;
    this.body = body;
    return this;
  }
}

/** The payload of `plan-error`: a list, a number or the case of an enum, or nothing. */
export class Refusal {
  known: string[] | null = null;

  constructor(
    public kind: u32,
    public detail: u32 = 0,
  ) {}

  static listing(kind: u32, known: string[]): Refusal {
    const refusal = new Refusal(kind);
    refusal.known = known;
    return refusal;
  }
}
