import { request } from "node:http";
import { Socket } from "node:net";

const headers = { "User-Agent": "holdfast-verify" };

/**
 * Asks for a path over a connection of which the fd is given away, without TLS; in HTTP/2 with prior knowledge (RFC
 * 9113, section 3.3) or in HTTP/1.1. The status, or what came instead of it. `signal` ends the waiting.
 */
export function askProbe(
  fd: number,
  protocol: "http/1.1" | "http/2",
  path: string,
  signal: AbortSignal,
): Promise<number | string> {
  const socket = new Socket({ fd, readable: true, writable: true });
  return protocol === "http/2" ? askHttp2(socket, path, signal) : askHttp1(socket, path, signal);
}

function askHttp1(socket: Socket, path: string, signal: AbortSignal): Promise<number | string> {
  return new Promise((resolve) => {
    const asked = request({
      path,
      headers: { ...headers, Host: "localhost", Connection: "close" },
      createConnection: () => socket,
      signal,
    });
    asked.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
      response.on("close", () => socket.destroy());
    });
    asked.on("error", (error) => {
      socket.destroy();
      resolve(describe(error));
    });
    asked.end();
  });
}

async function askHttp2(socket: Socket, path: string, signal: AbortSignal): Promise<number | string> {
  // Most services have no such worker.
  const { connect } = await import("node:http2");
  return new Promise((resolve) => {
    const session = connect("http://localhost", { createConnection: () => socket });
    session.on("error", (error) => resolve(describe(error)));
    const asked = session.request({ ...headers, ":path": path }, { signal });
    asked.on("response", ({ ":status": status }) => {
      asked.resume();
      resolve(status ?? 0);
    });
    asked.on("error", (error) => resolve(describe(error)));
    asked.on("close", () => {
      resolve("no response");
      session.destroy();
    });
  });
}

function describe({ name, message }: Error): string {
  return name === "AbortError" || name === "TimeoutError" ? "nothing in time" : message;
}
