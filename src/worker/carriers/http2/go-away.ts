import { writeSync } from "node:fs";
import type { ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";
import { handleOf } from "../../node-internals/socket-handle.js";

/** GOAWAY, no error, last stream 2^31-1 (RFC 9113, section 6.8). */
const closingSoon = Buffer.from("0000080700000000007fffffff00000000", "hex");

const retryMs = 20;

/**
 * Tells the client of a session without TLS to open no more streams, and closes the session once it has heard that.
 * Streams that were on their way meanwhile are served, and those that are open finish. A client that answers no ping
 * keeps its session.
 *
 * The frame goes to the kernel past Node, whose session drops all new streams from its own GOAWAY on, and which aborts
 * the process when somebody else's write on the session's socket has to wait.
 */
export function sayGoAway(session: ServerHttp2Session, socket: Socket): void {
  if (session.closed || session.destroyed) return;
  if (session.pendingSettingsAck) {
    // SETTINGS have to be the first frame, and Node sends them a turn after the session's begin.
    session.once("localSettings", () => sayGoAway(session, socket));
    return;
  }
  if (writeBetweenFrames(socket)) session.ping(() => session.close());
  else setTimeout(() => sayGoAway(session, socket), retryMs).unref();
}

/** False when it has to be tried again. */
function writeBetweenFrames(socket: Socket): boolean {
  const handle = handleOf(socket);
  // What Node's session writes at a time ends with a frame, and with nothing queued all of it is in the kernel.
  if (handle === undefined || handle.writeQueueSize > 0) return false;
  let written: number;
  try {
    written = writeSync(handle.fd, closingSoon);
  } catch {
    return false;
  }
  if (written < closingSoon.length) socket.destroy();
  return true;
}
