import assert from "node:assert/strict";
import { blocksOf } from "../harness/service/page.js";
import { onEachRelease } from "../harness/service/promise.js";
import {
  assertNobodyRefused,
  assertNothingLost,
  losesNothing,
  underLoad,
} from "../harness/service/under-load.js";
import { versionOf, type WebService } from "../harness/service/web-service.js";

const PAGE = "docs/moving-over.md";

/** What the page shows, for the service under test instead of the shop. */
async function steps(web: WebService, heading: string, language = "sh"): Promise<string[]> {
  const blocks = await blocksOf(PAGE, heading, language);
  assert.ok(blocks.length > 0, `${heading} has steps`);
  return blocks.map((block) => block.replaceAll("shop", web.name).replaceAll("8080", String(web.port)));
}

/** Runs the old service as version `v1`; `v2` is what the new one finds. */
async function startOld(web: WebService, unit: string): Promise<void> {
  await web.container.sh(`rm /etc/holdfast/${web.name}.toml`);
  await web.container.write(`/etc/systemd/system/${web.name}.service`, unit);
  await web.container.sh(`systemctl daemon-reload; systemctl enable --now ${web.name}.service`);
  await web.container.sh(
    `for i in $(seq 100); do curl -sf http://${web.address}/ && exit; sleep 0.1; done; exit 1`,
  );
  await web.deploy("v2");
}

async function clean(web: WebService): Promise<void> {
  await web.container.sh(
    `systemctl disable --now ${web.socketUnit} ${web.unit}; systemctl stop ${web.name}.service; rm -f /etc/systemd/system/${web.name}.service`,
  );
}

onEachRelease("moving over", (promise) => {
  promise(
    "gunicorn is moved by the page's steps without losing a request",
    { app: "gunicorn" },
    async (web) => {
      const [unit = ""] = await steps(web, "From, to", "ini");
      await startOld(web, unit);
      const [init = "", dropIn = "", start = "", stopOld = ""] = await steps(web, "Without a gap");
      const report = await underLoad(web, async (load) => {
        await web.container.sh(init + dropIn);
        const { code, stdout } = await web.container.exec(["holdfast", "doctor", web.name]);
        assert.equal(code, 1, stdout);
        assert.match(stdout, new RegExp(`is taken: gunicorn, pid \\d+, of ${web.name}\\.service has it`));
        assert.match(stdout, /: 1 problem$/m);
        await web.container.sh(start);
        await load.waitFor("both versions", 20_000, ({ versions }) => versions["v2"] !== undefined);
        await web.container.sh(stopOld);
        assert.equal(await web.container.show(`${web.name}.service`, "ActiveState"), "inactive");
      });
      assertNothingLost(report);
      assert.equal(versionOf(await web.settled()), "v2");
      assert.equal((await web.container.exec(["holdfast", "doctor", web.name])).code, 0);
      // The adopted listener is one like any other.
      await losesNothing(web, async () => {
        await web.deploy("v3");
        await web.must("reload");
        await web.must("restart");
      });
      assert.equal(versionOf(await web.settled()), "v3");
      // And the socket unit has it after a stop.
      await web.container.sh(`systemctl stop ${web.unit}`);
      await web.must("start");
      assert.equal(await web.container.show(web.socketUnit, "ActiveState"), "active");
      await losesNothing(web, () => web.must("reload"));
      await clean(web);
    },
  );

  promise(
    "a Node app that listens by itself and just dies on SIGTERM is moved, and nobody is refused",
    { app: "express" },
    async (web) => {
      await startOld(
        web,
        `[Service]\nEnvironment=PORT=${web.port}\nWorkingDirectory=/srv/${web.name}/v1\nExecStart=/usr/bin/node server.js\n[Install]\nWantedBy=multi-user.target\n`,
      );
      const [, dropIn = "", start = "", stopOld = ""] = await steps(web, "Without a gap");
      // Where Node listens unless told otherwise, IPv4 and all.
      const everywhere = `[::]:${web.port}`;
      const report = await underLoad(web, async (load) => {
        await web.container.sh(
          `holdfast init ${web.name} --listen ${everywhere} --release /srv/${web.name}/current -- /usr/bin/env PORT=${web.port} node --import holdfast/register server.js`,
        );
        await web.container.sh(dropIn + start.replace(web.address, everywhere));
        await load.waitFor("both versions", 20_000, ({ versions }) => versions["v2"] !== undefined);
        await web.container.sh(stopOld);
      });
      assertNobodyRefused(report);
      assert.equal(versionOf(await web.settled()), "v2");
      await losesNothing(web, () => web.must("reload"));
      await clean(web);
    },
  );

  promise("a bad config moves nothing: the old service serves on", { app: "gunicorn" }, async (web) => {
    const [unit = ""] = await steps(web, "From, to", "ini");
    await startOld(web, unit);
    const [init = "", dropIn = "", start = ""] = await steps(web, "Without a gap");
    const report = await losesNothing(web, async () => {
      await web.container.sh(init.replace("app:app", "nothing:app") + dropIn);
      await assert.rejects(web.container.sh(start));
    });
    assert.deepEqual(Object.keys(report.versions), ["v1"]);
    await clean(web);
  });

  promise(
    "with the short gap the new service answers after it, and the way back is open",
    { app: "gunicorn" },
    async (web) => {
      const [unit = ""] = await steps(web, "From, to", "ini");
      await startOld(web, unit);
      const [init = "", dropIn = ""] = await steps(web, "Without a gap");
      const [move = ""] = await steps(web, "With a short gap");
      const report = await underLoad(web, async (load) => {
        await web.container.sh(init + dropIn);
        await web.container.sh(move);
        await load.waitFor("the new version", 20_000, ({ versions }) => versions["v2"] !== undefined);
      });
      assert.equal(report.bad + report.timedOut, 0, JSON.stringify(report));
      assert.equal((await web.container.exec(["holdfast", "doctor", web.name])).code, 0);
      const [back = ""] = await steps(web, "Back");
      await web.container.sh(back);
      await web.container.sh(
        `for i in $(seq 100); do curl -sf http://${web.address}/ && exit; sleep 0.1; done; exit 1`,
      );
      await clean(web);
    },
  );
});
