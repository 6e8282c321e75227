import type { Http2Session, ServerHttp2Stream } from "node:http2";
import { isOfConnection, type ResponseTally } from "../response-tally.js";

/** RFC 9113, section 7: what a stream ends with when it is done, and when Node is told to destroy it. */
const NO_ERROR = 0;
const INTERNAL_ERROR = 2;

/** What becomes of the responses of HTTP/2 streams. */
export class StreamResponses {
  readonly #tally: ResponseTally;
  readonly #ignored = new WeakSet<Http2Session>();

  constructor(tally: ResponseTally) {
    this.#tally = tally;
  }

  /** Its requests are the daemon's questions, and no client's: they count for nothing. */
  ignore(session: Http2Session): void {
    this.#ignored.add(session);
  }

  /** A request's head has been read. */
  begin(stream: ServerHttp2Stream, method: unknown): void {
    const { session } = stream;
    if (method === "CONNECT" || session === undefined || this.#ignored.has(session)) return;
    const since = performance.now();
    stream.once("close", () => this.#end(stream, session, performance.now() - since));
  }

  #end(stream: ServerHttp2Stream, session: Http2Session, tookMs: number): void {
    const status = stream.sentHeaders?.[":status"];
    const { aborted, rstCode, writableFinished } = stream;
    if (status !== undefined && !aborted && writableFinished && rstCode !== INTERNAL_ERROR) {
      this.#tally.complete(Number(status), tookMs);
    } else if (isDestroyed(stream) && !(session.destroyed && isOfConnection(stream.errored))) {
      this.#tally.abort();
    } else this.#tally.leave(stream.headersSent, tookMs);
  }
}

/**
 * Whether the server did it: clients cancel by other codes, as Node does when the connection has gone, and at a client's
 * NO_ERROR Node ends the response before it destroys the stream. At an app's own `close()` it does that, too.
 */
function isDestroyed({ aborted, rstCode, writableFinished }: ServerHttp2Stream): boolean {
  return rstCode === INTERNAL_ERROR || (rstCode === NO_ERROR && aborted && !writableFinished);
}
