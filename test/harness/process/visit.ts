import { once } from "node:events";
import { connect, type SecureVersion } from "node:tls";
import { DEADLINE_MS } from "../container/wait-until.js";

/** A request on a TLS connection of its own: whether it resumed `session`, and the session to resume the next time. */
export async function visit(port: number, version: SecureVersion, session?: Buffer) {
  const given = session === undefined ? {} : { session };
  const options = { minVersion: version, maxVersion: version, rejectUnauthorized: false, ...given };
  const socket = connect({ port, host: "127.0.0.1", ...options });
  const signal = AbortSignal.timeout(DEADLINE_MS);
  let last: Buffer | undefined;
  socket.on("session", (next: Buffer) => {
    last = next;
  });
  const closed = once(socket, "close", { signal });
  await once(socket, "secureConnect", { signal });
  const resumed = socket.isSessionReused();
  socket.end("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  socket.resume();
  await closed;
  return { session: last, resumed };
}
