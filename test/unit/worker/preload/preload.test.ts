import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { parseAddress } from "../../../../src/lib/address.js";
import { closeFd } from "../../../../src/linux/fd.js";
import { openListener } from "../../../../src/linux/listener.js";
import { temporaryDirectory } from "../../linux/temporary-directory.js";
import { top } from "./service.js";

const register = join(top, "dist/library/register.js");

/** Runs a module with the preload, and with a listener on `address` as systemd would pass it; what it prints. */
async function runPreloaded(t: TestContext, code: string, address?: string): Promise<string> {
  const fds: number[] = [];
  if (address !== undefined) {
    const parsed = parseAddress(address);
    assert(parsed.ok);
    const opened = openListener(parsed.value, { backlog: 64 });
    assert(opened.ok);
    fds.push(opened.value);
  }
  t.after(() => fds.forEach(closeFd));
  const given = fds.length === 0 ? "" : "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http ";
  const child = spawn(
    "/bin/sh",
    [
      "-c",
      `${given}exec "$0" "$@"`,
      process.execPath,
      "--import",
      register,
      "--input-type=module",
      "--eval",
      code,
    ],
    {
      stdio: ["ignore", "pipe", "inherit", ...fds],
      timeout: 10_000,
      killSignal: "SIGKILL",
    },
  );
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  await once(child, "close");
  return output.trim();
}

test("a process to which nothing was passed is not changed at all", async (t) => {
  const code = `
    import { Server } from "node:net";
    console.log(String(Server.prototype.listen).includes("listenInCluster"), process.listenerCount("SIGTERM"));`;
  assert.equal(await runPreloaded(t, code), "true 0");
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
  assert.equal(await runPreloaded(t, code, `unix:${path}`), `true ${path}\nserved`);
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
  assert.equal(await runPreloaded(t, code, `unix:${path}`), "served");
});

test("a second server of the same address shares its socket instead of failing", async (t) => {
  const path = join(temporaryDirectory(t), "app.sock");
  const code = `
    import { createServer } from "node:net";
    const listen = (done) => createServer().listen(${JSON.stringify(path)}, done);
    listen(() => listen(() => { console.log("both listen"); process.exit(); }));`;
  assert.equal(await runPreloaded(t, code, `unix:${path}`), "both listen");
});

test("children of the app inherit nothing of it", async (t) => {
  const path = join(temporaryDirectory(t), "app.sock");
  const code = `
    import { execFileSync } from "node:child_process";
    console.log(execFileSync(process.execPath, ["--import", ${JSON.stringify(register)}, "-p", "process.listenerCount('SIGTERM')"], { encoding: "utf8" }));
    process.exit();`;
  assert.equal(await runPreloaded(t, code, `unix:${path}`), "0");
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
  const printed = runPreloaded(t, code, `unix:${path}`);
  assert.equal(await request(path), "answered");
  assert.equal(await printed, "closed undefined");
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
    const printed = runPreloaded(t, code, `unix:${path}`);
    assert.equal(await request(path), "answered");
    assert.equal(await printed, "exit 0");
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
  const printed = runPreloaded(t, code, `unix:${path}`);
  await assert.rejects(request(path));
  assert.equal(await printed, "exit 3");
});

function request(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path: "/" }, (response) => resolve(text(response))).on("error", reject);
  });
}
