import assert from "node:assert/strict";
import { onEachRelease } from "../harness/service/promise.js";
import { replaceEverything } from "../harness/service/replace-everything.js";
import { assertNothingMissed, startTalk } from "../harness/service/start-talk.js";
import type { TalkOptions } from "../harness/service/talk-report.js";
import { SOCKET, type WebSetup } from "../harness/service/web-service.js";

interface Case {
  readonly what: string;
  readonly setup: WebSetup;
  readonly talk: Pick<TalkOptions, "app"> & Partial<TalkOptions>;
}

/** One writer at a time: a room's numbers go on, and who is on its way hears afterwards what it has missed. */
const ONE_WRITER = 'environment = { PORT = "{port}", HISTORY = "500" }\nstrategy = "exclusive"';

const HTTP_AND_UDP =
  '[listeners.http]\naddress = "127.0.0.1:{port}"\n[listeners.udp]\naddress = "udp:127.0.0.1:{port}"\n';

const CASES: readonly Case[] = [
  {
    what: "a chat whose rooms have one writer",
    setup: { app: "chat", socket: SOCKET, config: { workers: 1, more: ONE_WRITER } },
    talk: { app: "chat", numbered: true },
  },
  { what: "a chat with two workers", setup: { app: "chat" }, talk: { app: "chat" } },
  { what: "a line server", setup: { app: "lines", socket: SOCKET }, talk: { app: "lines" } },
  {
    what: "all that is hard in HTTP/1.1, beside UDP",
    setup: { app: "torture", config: { listeners: HTTP_AND_UDP } },
    talk: { app: "torture", pauseMs: 20 },
  },
];

onEachRelease("native talks", (promise) => {
  for (const { what, setup, talk: request } of CASES) {
    promise(
      `MOSN: live connections, ${what}: reload, restart, kill -9, reexec and a bad version close no connection and lose, double or reorder nothing`,
      setup,
      async (web) => {
        await web.must("start");
        await using talk = await startTalk(web.container, { ...request, address: web.address });
        await replaceEverything(
          web,
          () => web.deploy("v4", { "crash-at-boot": "" }),
          (version) => talk.waitForVersion(version),
        );
        const report = await talk.stop();
        assertNothingMissed(report);
        assert.deepEqual(Object.keys(report.versions), ["v1", "v2", "v3", "v5"]);
        if (request.numbered !== true) return;
        const total = await web.container.sh(`curl -sS http://${web.address}/total`);
        assert.equal(Number(total), report.said);
      },
    );
  }
});
