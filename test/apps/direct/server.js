// The app of the tests of the library under systemd alone. HOLDFAST_LIBRARY is the library's file; `version` beside this file is
// its version; `refuse-state` and `never-serve` beside it make it bad. It answers `/slow?ms=` late, `/held?until=` once
// the file is there, counts in `/count`, and has a timer that never ends.
// With `key.pem` and `cert.pem` beside it, it speaks TLS.
import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";

const { serve, state } = await import(process.env.HOLDFAST_LIBRARY);
const at = (name) => new URL(name, import.meta.url);
const version = existsSync(at("version")) ? readFileSync(at("version"), "ascii").trim() : "v1";
setInterval(() => {}, 1_000);

let count = 0;
state({
  name: "count",
  version: 1,
  initial: () => {},
  save: () => count,
  restore: (saved) => {
    if (existsSync(at("refuse-state"))) throw new Error("told to refuse the state");
    count = saved;
  },
});

if (existsSync(at("never-serve"))) {
  console.log("waits");
  await new Promise(() => {});
}
const tls = existsSync(at("key.pem"))
  ? { key: readFileSync(at("key.pem")), cert: readFileSync(at("cert.pem")) }
  : undefined;
const create = tls === undefined ? http.createServer : https.createServer;
const server = create({ ...tls, keepAliveTimeout: 60_000 }, (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://test");
  response.setHeader("X-Version", version);
  if (pathname === "/count") count += 1;
  const answer = () => response.end(`${version} ${process.pid} ${count}\n`);
  const hold = (file) => (existsSync(file) ? answer() : setTimeout(hold, 10, file));
  if (pathname === "/slow") setTimeout(answer, Number(searchParams.get("ms")));
  else if (pathname === "/held") hold(searchParams.get("until"));
  else if (pathname !== "/never") answer();
});
const serving = await serve(server, {
  port: Number(process.env.PORT ?? 8080),
  ...(process.env.PORT === undefined ? {} : { host: "127.0.0.1" }),
});
serving.onDrain(() => console.log("drained"));
