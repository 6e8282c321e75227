import { once } from "node:events";
import {
  createSecureServer,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type SecureServerOptions,
} from "node:http2";
import type { Server } from "node:net";
import type { Carrier } from "../../../../../src/worker/carriers/carrier.js";
import { createHttp2Carrier } from "../../../../../src/worker/carriers/http2/http2-carrier.js";
import { certificate } from "../http/certificate.js";
import { deadline } from "../http/deadline.js";
import { until } from "../tcp/rig.js";

export interface Rig extends AsyncDisposable {
  readonly server: Server;
  readonly carrier: Carrier;
  readonly port: number;
  /** The next request to `/held` is answered when this is called. */
  readonly letGo: () => void;
  /** Stops the drain's last connection from keeping anything open. */
  readonly drained: () => Promise<void>;
}

/** More than the kernel takes from a server whose client does not read. */
export const largeBytes = 32 * 1024 * 1024;

/** A served HTTP/2 server; `/held` answers half and waits, everything else but `/large` answers `answer to PATH`. */
export async function openHttp2(tls?: SecureServerOptions): Promise<Rig> {
  let held: Http2ServerResponse | undefined;
  const app = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    if (request.url === "/held") {
      held = response;
      response.write("begun, ");
    } else if (request.url === "/large") response.end(Buffer.alloc(largeBytes));
    else request.resume().on("end", () => response.end(`answer to ${request.url}`));
  };
  const server = tls === undefined ? createServer(app) : createSecureServer({ ...certificate, ...tls }, app);
  const carrier = createHttp2Carrier(server);
  server.listen(0, "127.0.0.1");
  await deadline("to listen", once(server, "listening"));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const drained = (): Promise<void> => until("all is closed", () => carrier.open === 0);
  return {
    server,
    carrier,
    port: address.port,
    drained,
    letGo: () => held?.end("finished"),
    async [Symbol.asyncDispose]() {
      carrier.beginDrain();
      carrier.cut();
      await drained();
    },
  };
}
