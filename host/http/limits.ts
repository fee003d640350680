/** What one server takes at most. Each is enforced here, before a handler runs or while it reads; what requests may do is for the policy to say. */
export interface HttpLimits {
  /** Connections at one time; one more is closed at once. */
  readonly connectionsMax: number;
  /** Bytes of the request line and all headers. */
  readonly headerBytesMax: number;
  /** Headers of one request, however short. */
  readonly headersMax: number;
  /** Milliseconds from the first byte until the headers are whole, and until the body is; as long, an answer may go unread. */
  readonly headerMsMax: number;
  readonly requestMsMax: number;
  /** Milliseconds that a connection without a request stays open. */
  readonly idleMsMax: number;
  /** Bytes of a body that files a request, or goes to MCP. */
  readonly requestBytesMax: number;
  /** Bytes of every other body. */
  readonly bodyBytesMax: number;
  /** Bytes of all bodies that are in memory: of those who showed a token, and of those who say otherwise who they are. */
  readonly heldBytesMax: number;
  readonly strangerBytesMax: number;
  /** Requests of one principal that are being answered, streams apart. */
  readonly requestsPerPrincipalMax: number;
  /** Streams that MCP clients of one agent listen to. */
  readonly mcpStreamsPerPrincipalMax: number;
  /** Questions to the trail that are being answered, of one principal and in all: each may go through all of it. */
  readonly trailReadersPerPrincipalMax: number;
  readonly trailReadersMax: number;
  /** Milliseconds that `Prefer: wait` can ask for. */
  readonly waitMsMax: number;
  /** Event streams, of everybody and of one principal. */
  readonly streamsMax: number;
  readonly streamsPerPrincipalMax: number;
  /** Of all event streams, those of agents: the others are for operators. */
  readonly streamsOfAgentsMax: number;
  /** Bytes that wait for the reader of a stream; whoever is further behind is cut off, and may come back for the rest. */
  readonly streamBytesMax: number;
  /** Records that one stream sends from the trail before it ends, so that its reader comes back for the rest. */
  readonly streamReplayMax: number;
  /** Milliseconds between comments that keep a stream open. */
  readonly streamBeatMs: number;
  /** Milliseconds between looks at what other processes have written, while anybody reads. */
  readonly streamLookMs: number;
  /** Milliseconds after which a stream ends, so that whoever reads must show its token again. */
  readonly streamMsMax: number;
}

const MIB = 1024 * 1024;

export const HTTP_LIMITS: HttpLimits = Object.freeze({
  connectionsMax: 1000,
  headerBytesMax: 16 * 1024,
  headersMax: 100,
  headerMsMax: 10_000,
  requestMsMax: 60_000,
  idleMsMax: 10_000,
  requestBytesMax: 32 * MIB,
  bodyBytesMax: 256 * 1024,
  heldBytesMax: 256 * MIB,
  strangerBytesMax: 16 * MIB,
  requestsPerPrincipalMax: 256,
  mcpStreamsPerPrincipalMax: 256,
  trailReadersPerPrincipalMax: 4,
  trailReadersMax: 16,
  waitMsMax: 300_000,
  streamsMax: 100,
  streamsPerPrincipalMax: 10,
  streamsOfAgentsMax: 80,
  streamBytesMax: MIB,
  streamReplayMax: 10_000,
  streamBeatMs: 15_000,
  streamLookMs: 500,
  streamMsMax: 3_600_000,
});
