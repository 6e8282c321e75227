// A web server without any library that keeps systemd's contract: it listens on what it is given, says READY, and on SIGTERM
// answers what it has accepted and ends. Sockets named `udp` answer a datagram with the version. Its version is in the file
// `version` beside it; `crash-at-boot` and `never-ready` beside it make it bad, `boot-ms` slow, and `boot-until` as slow as
// it takes: until the file that it names is there.
const { spawnSync } = require("node:child_process");
const dgram = require("node:dgram");
const { existsSync, readFileSync } = require("node:fs");
const http = require("node:http");
const net = require("node:net");
const { join } = require("node:path");

const has = (name) => existsSync(join(__dirname, name));
const version = readFileSync(join(__dirname, "version"), "ascii").trim();

if (has("crash-at-boot")) {
  console.error("told to crash at boot");
  process.exit(1);
}

let draining = false;

function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, "http://test");
  const body = `${version}\n`;
  const send = () => {
    if (draining) response.setHeader("Connection", "close");
    response.setHeader("X-Version", version);
    response.setHeader("Content-Length", Buffer.byteLength(body));
    response.end(body);
  };
  if (pathname === "/slow") setTimeout(send, Number(searchParams.get("ms")));
  else if (pathname === "/stream") stream(searchParams.get("until"), response);
  else send();
}

/** A line every 10 ms until the file exists. */
function stream(file, response) {
  const timer = setInterval(() => {
    response.write(`${version}\n`);
    if (!existsSync(file)) return;
    clearInterval(timer);
    response.end("end\n");
  }, 10);
}

function start() {
  const count = Number(process.env.LISTEN_PID) === process.pid ? Number(process.env.LISTEN_FDS) : 0;
  if (count === 0) {
    console.error("no sockets given");
    process.exit(2);
  }
  const names = (process.env.LISTEN_FDNAMES ?? "").split(":");
  let open = 0;
  const opened = () => {
    open += 1;
    if (open === count && process.env.NOTIFY_SOCKET) spawnSync("systemd-notify", ["--ready"]);
  };
  const closers = Array.from({ length: count }, (_, index) =>
    names[index] === "udp" ? serveDatagrams(3 + index, opened) : serve(3 + index, opened),
  );
  process.on("SIGTERM", () => {
    draining = true;
    for (const close of closers) close();
  });
}

function serve(fd, opened) {
  const server = http.createServer({ keepAliveTimeout: 75_000 }, answer).listen({ fd }, opened);
  // Not http.Server's own close: that ends idle connections, and a request just sent on one would be lost.
  // This process ends by itself with its last connection.
  return () => net.Server.prototype.close.call(server);
}

function serveDatagrams(fd, opened) {
  const socket = dgram.createSocket("udp4");
  socket.on("message", (_, { address, port }) => socket.send(version, port, address));
  socket.bind({ fd }, opened);
  return () => socket.close();
}

function startOnceThereIs(file) {
  if (existsSync(file)) start();
  else setTimeout(startOnceThereIs, 10, file);
}

if (has("never-ready")) setInterval(() => {}, 1000);
else if (has("boot-until")) startOnceThereIs(readFileSync(join(__dirname, "boot-until"), "utf8").trim());
else setTimeout(start, has("boot-ms") ? Number(readFileSync(join(__dirname, "boot-ms"), "ascii")) : 0);
