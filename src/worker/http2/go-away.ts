import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";

/**
 * GOAWAY, no error, last stream 2^31-1 (RFC 9113, section 6.8). It is written past Node's session, which from a GOAWAY
 * of its own on drops the streams that cross it.
 */
const closingSoon = Buffer.from("0000080700000000007fffffff00000000", "hex");

/**
 * Tells the client to open no more streams, and closes the session once it has heard that and its last stream has
 * ended. Streams that were on their way meanwhile are served. A client that answers no ping keeps its session.
 */
export function sayGoAway(session: ServerHttp2Session, socket: Socket): void {
  if (session.closed || session.destroyed) return;
  if (session.pendingSettingsAck) {
    // SETTINGS have to be the first frame, and Node sends them a turn after the session's begin.
    session.once("localSettings", () => sayGoAway(session, socket));
    return;
  }
  socket.write(closingSoon);
  session.ping(() => session.close());
}
