import { request } from "node:http";
import { Socket } from "node:net";

/** What a request is for: `verify` looks at the status, of which the app has its part done; `warm` has it do the whole. */
export type Purpose = "verify" | "warm";

const headersFor = (purpose: Purpose) => ({ "User-Agent": `holdfast-${purpose}` });

/**
 * Asks for a path over a connection of which the fd is given away, without TLS; in HTTP/2 with prior knowledge (RFC
 * 9113, section 3.3) or in HTTP/1.1. The status, or what came instead of it. `signal` ends the waiting.
 */
export function askProbe(
  fd: number,
  protocol: "http/1.1" | "http/2",
  path: string,
  signal: AbortSignal,
  purpose: Purpose = "verify",
): Promise<number | string> {
  const socket = new Socket({ fd, readable: true, writable: true });
  const ask = protocol === "http/2" ? askHttp2 : askHttp1;
  return ask(socket, path, signal, purpose);
}

function askHttp1(
  socket: Socket,
  path: string,
  signal: AbortSignal,
  purpose: Purpose,
): Promise<number | string> {
  return new Promise((resolve) => {
    const asked = request({
      path,
      headers: { ...headersFor(purpose), Host: "localhost", Connection: "close" },
      createConnection: () => socket,
      signal,
    });
    let answered: number | undefined;
    asked.on("response", (response) => {
      const { statusCode = 0 } = response;
      answered = statusCode;
      response.resume();
      if (purpose === "verify") resolve(statusCode);
      response.on("close", () => {
        socket.destroy();
        resolve(response.complete ? statusCode : endless(statusCode));
      });
    });
    asked.on("error", (error) => {
      socket.destroy();
      resolve(answered === undefined ? describe(error) : endless(answered));
    });
    asked.end();
  });
}

async function askHttp2(
  socket: Socket,
  path: string,
  signal: AbortSignal,
  purpose: Purpose,
): Promise<number | string> {
  // Most services have no such worker.
  const { connect } = await import("node:http2");
  return new Promise((resolve) => {
    const session = connect("http://localhost", { createConnection: () => socket });
    session.on("error", (error) => resolve(describe(error)));
    const asked = session.request({ ...headersFor(purpose), ":path": path }, { signal });
    let answered: number | undefined;
    asked.on("response", ({ ":status": status = 0 }) => {
      answered = status;
      asked.resume();
      if (purpose === "verify") resolve(status);
    });
    asked.on("end", () => resolve(answered ?? "no response"));
    asked.on("error", (error) => resolve(answered === undefined ? describe(error) : endless(answered)));
    asked.on("close", () => {
      resolve("no response");
      session.destroy();
    });
  });
}

function endless(status: number): string {
  return `status ${status} and no end of the answer`;
}

function describe({ name, message }: Error): string {
  return name === "AbortError" || name === "TimeoutError" ? "nothing in time" : message;
}
