import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { WebSocket } from "ws";
import { closeFd } from "../../../src/linux/fd.js";
import { openListener } from "../../../src/linux/listener.js";
import { inspectSocket } from "../../../src/linux/socket.js";
import { pathInCheckout } from "../../harness/container/checkout.js";
import { writeCertificate } from "../../harness/process/certificates.js";
import { temporaryDirectory } from "../linux/temporary-directory.js";
import { certificate } from "../worker/carriers/http/certificate.js";

const page = readFileSync(pathInCheckout("docs/native-workers.md"), "utf8");
/** Programs by the name in their first line. */
const programs = new Map(
  [...page.matchAll(/```js\n\/\/ (\S+\.mjs)\n(.*?)```/gs)].map(([, name = "", code = ""]) => [name, code]),
);
const signal = (): AbortSignal => AbortSignal.timeout(20_000);

interface Example {
  readonly listeners?: readonly string[];
  readonly kind?: "tcp" | "udp";
  /** Uses it at its ports, in the order of its listeners. */
  readonly use: (...ports: readonly [number, ...number[]]) => Promise<void>;
  /** What it has said when it has ended. */
  readonly says?: RegExp;
}

async function get(port: number, from: typeof http | typeof https = http): Promise<string> {
  const options = { host: "127.0.0.1", port, agent: false, rejectUnauthorized: false, signal: signal() };
  const [response] = await once(from.get(options), "response");
  return text(response);
}

const examples: Readonly<Record<string, Example>> = {
  "http.mjs": {
    use: async (port) => assert.equal(await get(port), "hello\n"),
  },
  "two.mjs": {
    listeners: ["http", "admin"],
    use: async (web, admin = 0) => {
      assert.deepEqual([await get(web), await get(admin)], ["public\n", "private\n"]);
    },
    says: /^generation null, worker null, listener http\nthis worker drains\ndrained \{.*requests: 1,/s,
  },
  "chat.mjs": {
    use: async (port) => {
      const ws = new WebSocket(`ws://127.0.0.1:${port}/anna`);
      await once(ws, "open", { signal: signal() });
      for (const [said, heard] of [
        ["hi", "anna#1: hi"],
        ["ho", "anna#2: ho"],
      ] as const) {
        ws.send(said);
        const [data] = await once(ws, "message", { signal: signal() });
        assert.equal(String(data), heard);
      }
      ws.terminate();
    },
  },
  "lines.mjs": {
    use: async (port) => {
      const socket = connect(port, "127.0.0.1");
      socket.end("one\ntwo\nhalf");
      assert.equal(await text(socket), "1: one\n2: two\n");
    },
  },
  "echo.mjs": {
    kind: "udp",
    use: async (port) => {
      const socket = createSocket("udp4");
      socket.send("echo", port, "127.0.0.1");
      const [bytes] = await once(socket, "message", { signal: signal() });
      assert.equal(String(bytes), "echo");
      socket.close();
    },
  },
  "counter.mjs": {
    use: async (port) => {
      assert.deepEqual([await get(port), await get(port)], ["visit 1\n", "visit 2\n"]);
    },
  },
  "sleepy.mjs": {
    use: async (port) => assert.equal(await get(port), "hello\n"),
  },
  "tls.mjs": {
    use: async (port) => assert.equal(await get(port, https), "hello\n"),
  },
};

function open(t: TestContext, kind: "tcp" | "udp"): { readonly fd: number; readonly port: number } {
  const opened = openListener({ kind, family: 4, host: "127.0.0.1", port: 0 }, { backlog: 16 });
  assert.ok(opened.ok);
  t.after(() => closeFd(opened.value));
  return { fd: opened.value, port: Number(inspectSocket(opened.value)?.address.split(":").at(-1)) };
}

function start(
  name: string,
  directory: string,
  listeners: readonly string[],
  fds: readonly number[],
): ChildProcess {
  const { NOTIFY_SOCKET: _, ...env } = process.env;
  const given = `LISTEN_FDS=${fds.length} LISTEN_FDNAMES=${listeners.join(":")}`;
  return spawn("/bin/sh", ["-c", `LISTEN_PID=$$ ${given} exec "$0" ${name}`, process.execPath], {
    cwd: directory,
    env,
    stdio: ["ignore", "pipe", "inherit", ...fds],
  });
}

test("every program of docs/native-workers.md is tried", () => {
  assert.deepEqual([...programs.keys()].sort(), Object.keys(examples).sort());
});

for (const [name, { listeners = ["http"], kind = "tcp", use, says = /^$/ }] of Object.entries(examples)) {
  test(`docs/native-workers.md: ${name} does what it says, and drains`, async (t) => {
    const directory = temporaryDirectory(t);
    mkdirSync(join(directory, "node_modules"));
    symlinkSync(pathInCheckout("."), join(directory, "node_modules/holdfast"));
    symlinkSync(pathInCheckout("node_modules/ws"), join(directory, "node_modules/ws"));
    writeFileSync(join(directory, name), programs.get(name) ?? "");
    writeCertificate(directory, certificate);
    const [first, ...others] = listeners.map(() => open(t, kind));
    assert.ok(first !== undefined);
    const fds = [first, ...others].map(({ fd }) => fd);
    const child = start(name, directory, listeners, fds);
    t.after(() => void child.kill("SIGKILL"));
    const output = text(child.stdout ?? assert.fail());
    await use(first.port, ...others.map(({ port }) => port));
    const exited = once(child, "exit", { signal: signal() });
    child.kill("SIGTERM");
    assert.deepEqual(await exited, [0, null]);
    assert.match(await output, says);
  });
}
