import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import type { Container } from "../harness/container/container.js";
import { RELEASES } from "../harness/container/image.js";
import { bootForPackages, bring, offerToDnf } from "../harness/packages/boot.js";
import { buildBaseRpm, buildExample, EXAMPLES, type Flaw } from "../harness/packages/build-example.js";
import { buildPackage } from "../harness/packages/build-package.js";
import {
  assertAnswers,
  ExampleService,
  undisturbed,
  versionsIn,
} from "../harness/packages/example-service.js";
import { story } from "../harness/packages/story.js";

const DNF_UPGRADE = "dnf -y --releasever=1 --refresh upgrade";
const BAD: readonly (readonly [version: string, flaw: Flaw])[] = [
  ["3", "crashes at boot"],
  ["4", "is never ready"],
  ["5", "fails its verification"],
];

for (const release of RELEASES) {
  // Debian's own rpm and dnf, which find what the packages require in a package made for it. The scriptlets meet a real systemd.
  describe(`the .rpm of an app, on ${release}`, () => {
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
      for (const { unit } of [chat, wsgi])
        assert.equal(await container.show(unit, "ActiveState"), "inactive");
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

    step("a good version heals it", async () => {
      const paths = await bringBoth("6");
      await upgrade("2", "6", () => container.sh(`rpm -U ${paths}`));
      assert.equal((await chat.status()).code, 0);
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

    step("an upgrade starts nothing that was stopped", async () => {
      await container.sh(
        `systemctl stop ${wsgi.socketUnit} ${wsgi.unit}; systemctl disable --quiet ${chat.unit}`,
      );
      await container.sh(`rpm -U ${await bringBoth("9")}`);
      assert.equal(await wsgi.show("ActiveState"), "inactive");
      assert.equal(await chat.answer(), "9");
      assert.equal(await container.sh(`systemctl is-enabled ${chat.unit} || true`), "disabled");
    });

    step("erasing them stops service and socket", async () => {
      await container.sh("rpm -e example-chat example-wsgi");
      for (const { unit, socketUnit } of [chat, wsgi]) {
        assert.notEqual(await container.show(unit, "ActiveState"), "active");
        assert.notEqual(await container.show(socketUnit, "ActiveState"), "active");
        assert.deepEqual(await container.pidsIn(unit), []);
      }
    });
  });
}
