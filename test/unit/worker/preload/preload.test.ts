import assert from "node:assert/strict";
import { get } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { freePort } from "../../../harness/process/ports.js";
import { temporaryDirectory } from "../../linux/temporary-directory.js";
import { runPreloaded } from "./run-preloaded.js";
import { register } from "./service.js";

test("a process to which nothing was passed is not changed at all", async (t) => {
  const code = `
    import { Server } from "node:net";
    console.log(String(Server.prototype.listen).includes("listenInCluster"), process.listenerCount("SIGTERM"));`;
  assert.equal((await runPreloaded(t, code)).stdout, "true 0");
});

test("a server of a unix socket knows its path and gets its connections", async (t) => {
  const path = join(temporaryDirectory(t), "app.sock");
  const code = `
    import { connect, createServer } from "node:net";
    const server = createServer((socket) => socket.end("served"));
    server.listen(${JSON.stringify(path)}, () => {
      console.log(server.listening, server.address());
      connect(server.address()).on("data", (data) => { console.log(String(data)); process.exit(); });
    });`;
  assert.equal((await runPreloaded(t, code, { address: `unix:${path}` })).stdout, `true ${path}\nserved`);
});

test("a server that is closed and listens again is served again", async (t) => {
  const path = join(temporaryDirectory(t), "app.sock");
  const code = `
    import { connect, createServer } from "node:net";
    const server = createServer((socket) => socket.end("served"));
    server.listen({ path: ${JSON.stringify(path)} });
    server.once("listening", () => setImmediate(() => server.close(() => {
      server.listen(${JSON.stringify(path)}, () => {
        connect(server.address()).on("data", (data) => { console.log(String(data)); process.exit(); });
      });
    })));`;
  assert.equal((await runPreloaded(t, code, { address: `unix:${path}` })).stdout, "served");
});

test("a process that cannot accept ends with the reason, also when its app catches whatever nobody catches", async (t) => {
  const path = join(temporaryDirectory(t), "app.sock");
  const code = `
    import { createServer } from "node:net";
    process.on("unhandledRejection", () => {});
    const server = createServer();
    server.listen(${JSON.stringify(path)}, () => { server._handle.listen = () => -98; });
    setTimeout(() => process.exit(), 10_000);`;
  const { code: status, stderr } = await runPreloaded(t, code, { address: `unix:${path}` });
  assert.deepEqual([status, /^holdfast: cannot listen: /.test(stderr)], [1, true], stderr);
});

test("a second server of the same address is told what Node says: that it is in use", async (t) => {
  const path = join(temporaryDirectory(t), "app.sock");
  const code = `
    import { createServer } from "node:net";
    const listen = (done) => createServer().listen(${JSON.stringify(path)}, done);
    listen(() => listen().on("error", ({ code }) => { console.log(code); process.exit(); }));`;
  const { stdout, stderr } = await runPreloaded(t, code, { address: `unix:${path}` });
  assert.equal(stdout, "EADDRINUSE", stderr);
});

test("another loopback address of the same port is served by the one listener, and the log says so", async (t) => {
  const port = freePort();
  const code = `
    import { connect, createServer } from "node:net";
    const serve = (host, done) => createServer((socket) => socket.end()).listen({ port: ${port}, host }, done);
    serve("localhost", () => serve("::1", () => { console.log("both listen"); process.exit(); }));`;
  const { stdout, stderr } = await runPreloaded(t, code, { address: `127.0.0.1:${port}` });
  assert.equal(stdout, "both listen");
  assert.match(stderr, new RegExp(`listens on \\[::1\\]:${port}, too, .* listener http 127.0.0.1:${port}`));
});

test("of a server that the app closes, and that leaves clients waiting, the log tells", async (t) => {
  const path = join(temporaryDirectory(t), "app.sock");
  const code = `
    import { createServer } from "node:http";
    const server = createServer().listen(${JSON.stringify(path)});
    server.once("listening", () => setImmediate(() => server.close(() => process.exit())));`;
  const { stderr } = await runPreloaded(t, code, { address: `unix:${path}` });
  assert.match(stderr, /has closed its server on listener http/);
});

test("the app sees as many listeners of its server as it has added itself", async (t) => {
  const path = join(temporaryDirectory(t), "app.sock");
  const code = `
    import { createServer } from "node:http";
    const server = createServer();
    const before = server.listenerCount("listening");
    server.listen(${JSON.stringify(path)}, () => setImmediate(() => {
      console.log(server.listenerCount("listening") - before, Object.hasOwn(server, "emit"));
      process.exit();
    }));
    console.log(server.listenerCount("listening") - before);`;
  assert.equal((await runPreloaded(t, code, { address: `unix:${path}` })).stdout, "1\n0 false");
});

test("children of the app inherit nothing of it", async (t) => {
  const path = join(temporaryDirectory(t), "app.sock");
  const code = `
    import { execFileSync } from "node:child_process";
    console.log(execFileSync(process.execPath, ["--import", ${JSON.stringify(register)}, "-p", "process.listenerCount('SIGTERM')"], { encoding: "utf8" }));
    process.exit();`;
  assert.equal((await runPreloaded(t, code, { address: `unix:${path}` })).stdout, "0");
});

test("an app that closes its server at SIGTERM answers what it has begun and is told of no mistake", async (t) => {
  const path = join(temporaryDirectory(t), "app.sock");
  const code = `
    import { createServer } from "node:http";
    const server = createServer((request, response) => {
      process.once("SIGTERM", () => setImmediate(() => response.end("answered")));
      process.kill(process.pid, "SIGTERM");
    });
    process.on("SIGTERM", () => server.close((error) => { console.log("closed", error); process.exit(); }));
    server.listen(${JSON.stringify(path)});`;
  const printed = runPreloaded(t, code, { address: `unix:${path}` });
  assert.equal(await request(path), "answered");
  const { stdout, stderr } = await printed;
  assert.equal(stdout, "closed undefined");
  assert.equal(stderr, "");
});

for (const [what, hook] of [
  ["closes all its connections", "server.closeIdleConnections(); server.closeAllConnections()"],
  ["exits", "process.exit()"],
] as const) {
  test(`an app that ${what} at SIGTERM answers what it has begun first`, async (t) => {
    const path = join(temporaryDirectory(t), "app.sock");
    const code = `
      import { createServer } from "node:http";
      const server = createServer((request, response) => {
        process.once("SIGTERM", () => setImmediate(() => response.end("answered")));
        process.kill(process.pid, "SIGTERM");
      });
      process.on("exit", (code) => console.log("exit", code));
      process.on("SIGTERM", () => { ${hook}; });
      server.listen(${JSON.stringify(path)});`;
    const printed = runPreloaded(t, code, { address: `unix:${path}` });
    assert.equal(await request(path), "answered");
    assert.equal((await printed).stdout, "exit 0");
  });
}

test("an app that fails while it drains exits at once, with its status", async (t) => {
  const path = join(temporaryDirectory(t), "app.sock");
  const code = `
    import { createServer } from "node:http";
    const server = createServer(() => process.kill(process.pid, "SIGTERM"));
    process.on("exit", (code) => console.log("exit", code));
    process.on("SIGTERM", () => process.exit(3));
    server.listen(${JSON.stringify(path)});`;
  const printed = runPreloaded(t, code, { address: `unix:${path}` });
  await assert.rejects(request(path));
  assert.equal((await printed).stdout, "exit 3");
});

function request(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path: "/" }, (response) => resolve(text(response))).on("error", reject);
  });
}
