import { once } from "node:events";
import http2 from "node:http2";
import { text } from "node:stream/consumers";
import { connect, type TLSSocket } from "node:tls";
import { DEADLINE_MS } from "../container/wait-until.js";
import { parseResponse } from "../load/http-response.js";

export interface Told {
  readonly body: string;
  /** SHA-256 of the server's certificate; without TLS none. */
  readonly fingerprint: string | undefined;
}

/** One request on a new connection, in what the server speaks. Throws when there is no answer. */
export async function askIn(protocol: "https" | "h2c" | "h2", port: number): Promise<Told> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  if (protocol === "h2c") return { body: await askHttp2(`http://127.0.0.1:${port}`), fingerprint: undefined };
  const alpn = protocol === "h2" ? "h2" : "http/1.1";
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: [alpn] });
  try {
    await once(socket, "secureConnect", { signal });
    const { fingerprint256: fingerprint } = socket.getPeerCertificate();
    const body =
      protocol === "h2" ? await askHttp2("https://localhost", socket) : await askHttp1(socket, signal);
    return { body, fingerprint };
  } finally {
    socket.destroy();
  }
}

async function askHttp1(socket: TLSSocket, signal: AbortSignal): Promise<string> {
  let received = Buffer.alloc(0);
  socket.on("data", (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
  });
  socket.write("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  for (;;) {
    const parsed = parseResponse(received);
    if (parsed.state === "whole") return parsed.response.body;
    await once(socket, "data", { signal });
  }
}

async function askHttp2(authority: string, socket?: TLSSocket): Promise<string> {
  const session = http2.connect(authority, socket === undefined ? {} : { createConnection: () => socket });
  try {
    return await text(session.request({ ":path": "/" }));
  } finally {
    session.destroy();
  }
}
