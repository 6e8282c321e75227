import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import * as v from "valibot";
import { closeFd } from "../../../../src/linux/fd.js";
import { openListener } from "../../../../src/linux/listener.js";
import { temporaryDirectory } from "../../linux/temporary-directory.js";
import { top } from "./service.js";

/** What the daemon needs, and the library for apps has to do without. */
const daemonsOwn = ["winston", "winston-transport", "smol-toml"];

const manifest = v.object({
  dependencies: v.record(v.string(), v.string()),
  optionalDependencies: v.record(v.string(), v.string()),
});

/** What npm installs with the package. */
function findDependencies(modules: string): string[] {
  const text = readFileSync(join(modules, "holdfast/package.json"), "utf8");
  const { dependencies, optionalDependencies } = v.parse(manifest, JSON.parse(text));
  const names = Object.keys({ ...dependencies, ...optionalDependencies });
  return names.filter((name) => !daemonsOwn.includes(name));
}

/** A directory in which the package, as npm packs it, is installed with its dependencies, Node's types and `more`. */
function install(t: TestContext, ...more: readonly string[]): string {
  const directory = temporaryDirectory(t);
  const modules = join(directory, "node_modules");
  mkdirSync(join(modules, "holdfast"), { recursive: true });
  const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", directory];
  const [archive = ""] = execFileSync("npm", pack, { cwd: top, encoding: "utf8" }).trim().split("\n");
  execFileSync("tar", ["-xf", archive, "-C", join(modules, "holdfast"), "--strip-components=1"], {
    cwd: directory,
  });
  mkdirSync(join(modules, "@types"));
  for (const name of [...findDependencies(modules), "@types/node", ...more]) {
    symlinkSync(join(top, "node_modules", name), join(modules, name));
  }
  return directory;
}

test("the package works for import and require, in one process, which stays one worker", (t) => {
  const directory = install(t);
  const code = `
    import assert from "node:assert/strict";
    import { createServer } from "node:http";
    import { createRequire } from "node:module";
    import * as imported from "holdfast";
    const required = createRequire(import.meta.url)("holdfast");
    assert.deepEqual(Object.keys(required).sort(), Object.keys(imported).sort());
    assert.notEqual(required.serve, imported.serve);
    const make = (text) => createServer((request, response) => response.end(text));
    const [first, second] = [make("imported"), make("required")];
    await imported.serve(first, { listener: "a" });
    await required.serve(second, { listener: "b" });
    await assert.rejects(required.serve(make("again"), { listener: "a" }), { code: "listener-missing" });
    assert.equal(process.listenerCount("SIGTERM"), 1);
    for (const server of [first, second]) {
      const response = await fetch("http://127.0.0.1:" + server.address().port);
      console.log(await response.text());
    }
    process.exit();`;
  writeFileSync(join(directory, "both.mjs"), code);
  const fds = [openAnyPort(), openAnyPort()];
  t.after(() => fds.forEach(closeFd));
  const command = 'LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=a:b exec "$0" both.mjs';
  const { stdout, stderr } = spawnSync("/bin/sh", ["-c", command, process.execPath], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe", ...fds],
    encoding: "utf8",
    timeout: 20_000,
  });
  assert.equal(stdout, "imported\nrequired\n", stderr);
});

test("the package has its types for import and for require, for an app without WebSockets, too", (t) => {
  const directory = install(t);
  const use = `
    import { createServer } from "node:http";
    import { type Serving, serve, type ServeOptions } from "holdfast";
    const options: ServeOptions = { listener: "http", port: 8080 };
    export const serving: Promise<Serving> = serve(createServer(), options);
    // @ts-expect-error: no such option
    void serve(createServer(), { listner: "http" });`;
  checkTypes(directory, use);
});

test("the hooks of WebSockets have the types of the app's own WebSocketServer", (t) => {
  const directory = install(t, "ws", "@types/ws");
  const use = `
    import { serveWebSockets } from "holdfast";
    import { WebSocket, WebSocketServer } from "ws";
    class Member extends WebSocket {
      user = "";
    }
    serveWebSockets(new WebSocketServer({ noServer: true, WebSocket: Member }), {
      save: (ws, request) => [ws.user, request.headers.cookie],
      restore(ws, saved) {
        ws.on("message", (data) => ws.send(data));
        // @ts-expect-error: nobody knows what another version has saved
        saved.user;
      },
    });
    // @ts-expect-error: no WebSocketServer
    serveWebSockets(new WebSocket(""), { save: () => 1, restore() {} });`;
  checkTypes(directory, use);
});

/** As an ES module and as CommonJS; the types of the packages are looked at, too. */
function checkTypes(directory: string, use: string): void {
  const settings = {
    module: "nodenext",
    target: "es2022",
    strict: true,
    noEmit: true,
    types: ["node"],
    verbatimModuleSyntax: false,
  };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions: settings }));
  writeFileSync(join(directory, "esm.mts"), use);
  writeFileSync(join(directory, "common.cts"), use);
  const { stdout, status } = spawnSync(join(top, "node_modules/.bin/tsc"), ["-p", directory], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stdout);
}

function openAnyPort(): number {
  const opened = openListener({ kind: "tcp", family: 4, host: "127.0.0.1", port: 0 }, { backlog: 16 });
  assert(opened.ok);
  return opened.value;
}
