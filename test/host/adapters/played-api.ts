/** A `fetch` that plays a model's API: answers each request with the next reply, and keeps what was sent. */
export interface PlayedApi<Body> {
  readonly fetch: typeof fetch;
  /** JSON bodies of the requests, in their order. */
  readonly bodies: readonly Body[];
}

/** `Body`: what a test knows of the bodies of its SDK. */
export function playApi<Body>(...replies: readonly object[]): PlayedApi<Body> {
  const bodies: Body[] = [];
  return {
    bodies,
    fetch: async (_input, init) => {
      const reply = replies[bodies.length];
      bodies.push(JSON.parse(String(init?.body)) as Body); // `as`: the SDK sends what its API is documented to take
      if (reply === undefined) throw new Error('the script of the model has ended');
      return Response.json(reply);
    },
  };
}
