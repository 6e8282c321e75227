// The site that the comparison upgrades: `/`, `/slow?ms=N`, and WebSockets that are answered with the version, which is in the
// file `version` beside it. MODE is `native` (with the library), `passed` (without, on a passed socket) or a port, where it ends at
// SIGINT, as pm2 wants it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const mode = process.env.MODE;
const version = readFileSync(new URL("version", import.meta.url), "ascii").trim();
let draining = false;

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://site");
  const send = () => {
    if (draining) response.setHeader("Connection", "close");
    response.setHeader("X-Version", version);
    response.setHeader("Content-Length", 3);
    response.end("ok\n");
  };
  if (pathname === "/slow") setTimeout(send, Number(searchParams.get("ms")));
  else send();
});
const wss = new WebSocketServer({ server });
// As Node's documentation has it: idle connections end, requests in flight are answered.
const drain = () => {
  draining = true;
  server.close();
  for (const ws of wss.clients) ws.close(1001);
};
const talk = (ws) => ws.on("message", () => ws.send(version)).on("error", () => {}); // `close` follows
wss.on("connection", talk);

if (mode === "native") {
  const { serve, serveWebSockets } = await import("holdfast");
  serveWebSockets(wss, { save: () => null, restore: talk });
  await serve(server);
} else if (mode === "passed") {
  server.listen({ fd: 3 }, 4096, () => spawnSync("systemd-notify", ["--ready"]));
  process.on("SIGTERM", drain);
} else {
  server.listen({ port: Number(mode), host: "127.0.0.1", backlog: 4096 }, () => process.send?.("ready"));
  server.on("close", () => process.exit());
  process.on("SIGINT", drain);
}
