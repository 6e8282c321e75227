// What is wrong with the apps in this folder, by files beside them; each but the first two is looked for at every request, so that an
// app can turn bad long after it was ready:
//   never-accepts   it says READY and accepts nobody
//   other-port      it says READY and listens on the port in the file, not on what it was given
//   fails           it answers 500 to the share of requests in the file: 1 is all, 0.25 every fourth
//   dies-at         it is killed at the request of that number, which gets no answer
//   slow-ms         it answers that late
//   import-fails    app.py only: its import raises an error, which gunicorn without --preload sees after it has said READY
const { spawnSync } = require("node:child_process");
const { existsSync, readFileSync } = require("node:fs");
const { createServer } = require("node:http");
const { join } = require("node:path");

const has = (flaw) => existsSync(join(__dirname, flaw));
const read = (file) => readFileSync(join(__dirname, file), "ascii").trim();
const numberIn = (flaw) => (has(flaw) ? Number(read(flaw)) : 0);

const version = read("version");
let asked = 0;
let owed = 0;

/** Fails spread evenly over the requests, and always at the same ones. */
function isToFail() {
  owed += numberIn("fails");
  if (owed < 1) return false;
  owed -= 1;
  return true;
}

function answer(_request, response) {
  asked += 1;
  if (asked === numberIn("dies-at")) process.kill(process.pid, "SIGKILL");
  const body = `${version}\n`;
  response.statusCode = isToFail() ? 500 : 200;
  response.setHeader("X-Version", version);
  response.setHeader("Content-Length", Buffer.byteLength(body));
  setTimeout(() => response.end(body), numberIn("slow-ms"));
}

const sayReady = () => spawnSync("systemd-notify", ["--ready"]);

/** False when the app is to serve what it was given; else it is ready and does something else. */
function missesItsListener(server) {
  if (has("never-accepts")) {
    setInterval(() => {}, 1_000);
    sayReady();
    return true;
  }
  if (has("other-port")) {
    server.listen(numberIn("other-port"), "127.0.0.1", sayReady);
    return true;
  }
  return false;
}

module.exports = { server: createServer({ keepAliveTimeout: 75_000 }, answer), missesItsListener, sayReady };
