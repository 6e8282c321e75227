// What the torture mix is asked of: HTTP on the listener `http`, UDP on `udp`. `/late/…` is answered some milliseconds later, `/early/…`
// before its body has been read, `/stream/…` in pieces, each with its own path, and a POST with the length of its body, too. A datagram
// is answered with itself and the version.
import dgram from "node:dgram";
import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import { serve } from "holdfast";

const at = (name) => new URL(name, import.meta.url);
const version = readFileSync(at("version"), "ascii").trim();
if (existsSync(at("crash-at-boot"))) throw new Error("told to crash at boot");

function answer(request, response) {
  let length = 0;
  request.on("data", (bytes) => {
    length += bytes.length;
  });
  request.on("end", () => response.end(request.method === "POST" ? `${request.url} ${length}` : request.url));
}

const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const { url } = request;
  response.setHeader("X-Version", version);
  if (url.startsWith("/late/")) setTimeout(() => answer(request, response), 3);
  else if (url.startsWith("/early/")) response.end(url);
  else if (url.startsWith("/stream/")) {
    response.write(url.slice(0, 4));
    setTimeout(() => response.end(url.slice(4)), 4);
  } else answer(request, response);
});
const socket = dgram.createSocket("udp4");
socket.on("message", (bytes, { port, address }) => socket.send(`${bytes} ${version}`, port, address));

await serve(server, { listener: "http" });
await serve(socket, { listener: "udp" });
