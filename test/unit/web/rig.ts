import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { join } from "node:path";
import { parseWebConfig } from "../../../src/config/web-config.js";
import type { Right } from "../../../src/control/server.js";
import { createAccess } from "../../../src/web/access.js";
import type { PageView } from "../../../src/web/feed.js";
import { Feeds } from "../../../src/web/feeds.js";
import { createWebServer } from "../../../src/web/server.js";
import { Watch } from "../../../src/web/watch.js";
import type { Ends } from "../../harness/ends.js";
import type { FakePort } from "../control/fake-port.js";
import { startServer, temporaryDirectory } from "../control/rig.js";

export const token = "t".repeat(43);
/** No user of this machine, so that only the directory of the test and the system's are looked into. */
const uid = 1_999_999;

export interface WebRig {
  readonly daemon: FakePort;
  readonly closeDaemon: () => Promise<void>;
  readonly socketPath: string;
  readonly feeds: Feeds;
  readonly views: PageView[];
  readonly tcp: { readonly host: string; readonly port: number };
  readonly unix: { readonly socketPath: string };
}

/** holdfast-web for one fake daemon, `web`, on TCP and on a unix socket. Of users only `alice` is in a group, `ops`. */
export async function startWeb(
  context: Ends,
  toml = "",
  rightOf: () => Right = () => "act",
): Promise<WebRig> {
  const folder = temporaryDirectory(context);
  mkdirSync(join(folder, "holdfast", "web"), { recursive: true });
  writeFileSync(join(folder, "web.toml"), '[control]\noperators = "ops"\n');
  const socketPath = join(folder, "holdfast", "web", "control.sock");
  const { port: daemon, close: closeDaemon } = await startServer(context, { socketPath, rightOf });
  const config = parseWebConfig(toml, "holdfast-web.toml");
  assert.ok(config.ok);

  const views: PageView[] = [];
  const page = {
    render: (view: PageView) => {
      views.push(view);
      return Buffer.from("<!doctype html>");
    },
    asset: (name: string) =>
      name === "page-1.js"
        ? { type: "text/javascript", bytes: Buffer.from("let x;"), immutable: true }
        : undefined,
  };
  const feeds: Feeds = new Feeds({
    boot: "b0",
    samplesOf: (name) => watch.samplesOf(name),
    onWatched: (watched) => (watched ? watch.start() : watch.stop()),
  });
  const watch = new Watch({ env: { XDG_RUNTIME_DIR: folder }, uid, configured: () => [] }, feeds);
  const isMember = async (user: string, group: string) => user === "alice" && group === "ops";
  const access = createAccess({ config: config.value, token, configFolder: folder, isMember });
  const parts = { page, watch, feeds, access, hosts: config.value.hosts };
  const [tcpServer, unixServer] = [createWebServer(parts, "tcp"), createWebServer(parts, "unix")];
  const proxyPath = join(folder, "proxy.sock");
  await new Promise<void>((resolve) => tcpServer.listen(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => unixServer.listen(proxyPath, resolve));
  context.after(() => {
    watch.stop();
    for (const server of [tcpServer, unixServer]) {
      server.close();
      server.closeAllConnections();
    }
  });
  const bound = tcpServer.address();
  assert.ok(typeof bound === "object" && bound !== null);
  const tcp = { host: "127.0.0.1", port: bound.port };
  return { daemon, closeDaemon, socketPath, feeds, views, tcp, unix: { socketPath: proxyPath } };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** The whole answer. */
export function ask(
  where: WebRig["tcp"] | WebRig["unix"],
  path: string,
  { method = "GET", headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({
      ...where,
      path,
      method,
      headers: { host: "localhost", ...headers },
      agent: false,
    });
    sent.on("error", reject);
    sent.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
      response.on("error", reject);
    });
    sent.end();
  });
}

export function reasonIn({ text }: Reply): unknown {
  return JSON.parse(text).error.reason;
}
