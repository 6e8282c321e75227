import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Container } from "../harness/container/container.js";
import { describeOnEachRelease } from "../harness/container/each-release.js";
import { bootForPackages, bring, offerToDnf } from "../harness/packages/boot.js";
import {
  buildBaseRpm,
  buildBefore,
  buildExample,
  EXAMPLES,
  type Flaw,
} from "../harness/packages/build-example.js";
import {
  buildPackage,
  changeRpm,
  NEXT_VERSION,
  raiseStateFormat,
} from "../harness/packages/build-package.js";
import {
  assertAnswers,
  crashWorker,
  ExampleService,
  losingConnections,
  undisturbed,
  versionsIn,
} from "../harness/packages/example-service.js";
import { story } from "../harness/packages/story.js";

const DAEMON = "usr/lib/holdfast/dist/daemon.js";
const DNF_UPGRADE = "dnf -y --releasever=1 --refresh upgrade";
const BAD: readonly (readonly [version: string, flaw: Flaw])[] = [
  ["3", "crashes at boot"],
  ["4", "is never ready"],
  ["5", "fails its verification"],
];

// Debian's own rpm and dnf, which find what the packages require in a package made for it. The scriptlets meet a real systemd.
describeOnEachRelease("the .rpm of an app", (release) => {
  const step = story();
  let container: Container;
  let chat: ExampleService;
  let wsgi: ExampleService;

  before(async () => {
    container = await bootForPackages(release);
    const files = [await buildPackage("rpm"), ...(await both("1"))];
    const base = await bring(container, await buildBaseRpm(files));
    await container.sh(`rpm -U ${base} ${await bring(container, await buildPackage("rpm"))}`);
    chat = new ExampleService(container, "chat");
    wsgi = new ExampleService(container, "wsgi");
  });
  after(() => container?.[Symbol.asyncDispose]());

  const both = async (version: string, flaw?: Flaw): Promise<string[]> =>
    Promise.all(EXAMPLES.map((example) => buildExample("rpm", example, version, flaw)));
  const bringBoth = async (version: string, flaw?: Flaw): Promise<string> => {
    const paths = (await both(version, flaw)).map((file) => bring(container, file));
    return (await Promise.all(paths)).join(" ");
  };
  /** What is told when all is well by rpm's own standards. */
  const tell = async (script: string): Promise<string> => {
    const { code, stdout, stderr } = await container.exec(["/bin/sh", "-euc", script]);
    assert.equal(code, 0, stdout + stderr);
    return stdout + stderr;
  };
  const upgrade = async (from: string, to: string, event: () => Promise<unknown>): Promise<void> => {
    const reports = await undisturbed(container, event);
    for (const report of [reports.chat, reports.wsgi]) assert.deepEqual(versionsIn(report), [from, to]);
    assert.equal(await container.sh("rpm -q --qf '%{VERSION} ' example-chat example-wsgi"), `${to} ${to} `);
  };
  /** The old version answers all the time, and everybody who asks is told what has become of the new one. */
  const staysAt = async (version: string, event: () => Promise<string>): Promise<void> => {
    const reports = await undisturbed(container, async () => {
      const said = await event();
      for (const { unit } of [chat, wsgi]) {
        assert.match(
          said,
          new RegExp(`holdfast: ${unit} does not run the new version: generation \\d+, .* failed: `),
        );
      }
      assert.match(said, /%posttrans\(example-chat[^)]*\) scriptlet failed/);
    });
    for (const report of [reports.chat, reports.wsgi]) assert.deepEqual(versionsIn(report), [version]);
    for (const service of [chat, wsgi]) {
      assert.equal((await service.status()).code, 4);
      assert.match(await service.show("StatusText"), /upgrade to generation \d+ failed: /);
    }
  };

  step("the first installation starts nothing; an admin does", async () => {
    await container.sh(`rpm -U ${await bringBoth("1")}`);
    for (const { unit } of [chat, wsgi]) assert.equal(await container.show(unit, "ActiveState"), "inactive");
    const units = [chat.socketUnit, chat.unit, wsgi.socketUnit, wsgi.unit].join(" ");
    await container.sh(`systemctl enable --quiet --now ${units}`);
    await assertAnswers(container, "1");
  });

  step("an upgrade loses no request and no connection", async () => {
    const paths = await bringBoth("2");
    await upgrade("1", "2", () => container.sh(`rpm -U ${paths}`));
  });

  for (const [version, flaw] of BAD) {
    step(
      `a version that ${flaw} makes rpm warn and say why; the old one serves on, and holdfast status exits 4`,
      async () => {
        const paths = await bringBoth(version, flaw);
        await staysAt("2", () => tell(`rpm -U ${paths}`));
      },
    );
  }

  step(
    "with a bad version on the disk a crashed worker comes back with the old code, and so does the service after a reboot",
    async () => {
      for (const service of [chat, wsgi]) await crashWorker(service);
      await assertAnswers(container, "2");
      await container.reboot();
      for (const service of [chat, wsgi]) await service.settled();
      await assertAnswers(container, "2");
      for (const service of [chat, wsgi]) assert.equal((await service.status()).code, 4);
    },
  );

  step("a good version heals it", async () => {
    const paths = await bringBoth("6");
    await upgrade("2", "6", () => container.sh(`rpm -U ${paths}`));
    for (const service of [chat, wsgi]) assert.equal((await service.status()).code, 0);
  });

  step("a downgrade is an upgrade to what was before", async () => {
    const paths = await bringBoth("2");
    await upgrade("6", "2", () => container.sh(`rpm -U --oldpackage ${paths}`));
  });

  step("dnf does the same, with a good version and with a bad one", async () => {
    await offerToDnf(container, await bringBoth("7"));
    await upgrade("2", "7", () => container.sh(DNF_UPGRADE));
    await offerToDnf(container, await bringBoth("8", "crashes at boot"));
    await staysAt("7", () => tell(DNF_UPGRADE));
  });

  step("a good version of them and the next version of Holdfast are installed in one run", async () => {
    const paths = `${await bring(container, await buildPackage("rpm", NEXT_VERSION))} ${await bringBoth("9")}`;
    await upgrade("7", "9", () => container.sh(`rpm -U ${paths}`));
    for (const service of [chat, wsgi]) {
      const { code, report } = await service.status();
      assert.deepEqual([code, report.version], [0, NEXT_VERSION]);
    }
  });

  step(
    "Holdfast with another format of the state file adopts the workers; so does the one before it, without the numbers",
    async () => {
      const later = await changeRpm(await buildPackage("rpm"), "0.2.0", DAEMON, raiseStateFormat);
      const before = (await chat.settled()).generations[0]?.id;
      const path = await bring(container, later);
      await undisturbed(container, () => container.sh(`rpm -U ${path}`));
      assert.equal((await chat.settled()).generations[0]?.id, before);
      const format = await chat.stateFormat();
      const own = await bring(container, await buildPackage("rpm", NEXT_VERSION));
      const reports = await losingConnections(container, () => container.sh(`rpm -U --oldpackage ${own}`));
      for (const report of [reports.chat, reports.wsgi]) assert.deepEqual(versionsIn(report), ["9"]);
      assert.equal(await chat.stateFormat(), format - 1);
    },
  );

  step("an upgrade starts nothing that was stopped, and enables nothing that was disabled", async () => {
    await container.sh(
      `systemctl stop ${wsgi.socketUnit} ${wsgi.unit}; systemctl disable --quiet ${chat.unit}`,
    );
    await container.sh(`rpm -U ${await bringBoth("10")}`);
    assert.equal(await wsgi.show("ActiveState"), "inactive");
    assert.equal(await container.sh(`systemctl is-enabled ${wsgi.unit}`), "enabled");
    assert.equal(await chat.answer(), "10");
    assert.equal(await container.sh(`systemctl is-enabled ${chat.unit} || true`), "disabled");
    await container.sh(`systemctl disable --quiet ${wsgi.unit}`);
    await container.sh(`rpm -U ${await bringBoth("11")}`);
    assert.equal(await wsgi.show("ActiveState"), "inactive");
    assert.equal(await container.sh(`systemctl is-enabled ${wsgi.unit} || true`), "disabled");
  });

  step("erasing them stops service and socket", async () => {
    await container.sh("rpm -e example-chat example-wsgi");
    for (const { name, unit, socketUnit } of [chat, wsgi]) {
      assert.notEqual(await container.show(unit, "ActiveState"), "active");
      assert.notEqual(await container.show(socketUnit, "ActiveState"), "active");
      assert.deepEqual(await container.pidsIn(unit), []);
      await container.sh(`test -e /var/lib/holdfast/${name}/state.json && ! test -e /usr/share/${name}`);
    }
  });

  step("the upgrade from a version that did not use Holdfast hands the service over to it", async () => {
    await container.sh(`rpm -U ${await bring(container, await buildBefore("rpm"))}`);
    await container.sh(`systemctl start ${wsgi.socketUnit} ${wsgi.unit}`);
    assert.equal(await wsgi.ask(), "0");
    const [, path = ""] = (await bringBoth("1")).split(" ");
    await container.sh(`rpm -U ${path}`);
    assert.equal(await wsgi.answer(), "1");
    assert.equal((await wsgi.status()).code, 0);
  });
});
