import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import type { Container } from "../harness/container/container.js";
import { RELEASES } from "../harness/container/image.js";
import { waitUntil } from "../harness/container/wait-until.js";
import {
  type AptOutcome,
  apt,
  aptInstall,
  aptRemove,
  bootForPackages,
  bring,
  offer,
} from "../harness/packages/boot.js";
import { buildExample, EXAMPLES, type Flaw } from "../harness/packages/build-example.js";
import { buildPackage, changeDeb, NEXT_VERSION } from "../harness/packages/build-package.js";
import {
  assertAnswers,
  ExampleService,
  losingConnections,
  undisturbed,
  versionsIn,
} from "../harness/packages/example-service.js";
import { story } from "../harness/packages/story.js";

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own notation
const STATE = "${db:Status-Abbrev}${Version}";
const DAEMON = "usr/lib/holdfast/dist/daemon.js";
const BAD: readonly (readonly [version: string, flaw: Flaw])[] = [
  ["5", "crashes at boot"],
  ["6", "is never ready"],
  ["7", "fails its verification"],
];

for (const release of RELEASES) {
  // The life of the packages of two apps, one native and one plain, on one machine; each goes on from where the one before it ended.
  describe(`the .deb of an app, on ${release}`, () => {
    const step = story();
    let container: Container;
    let chat: ExampleService;
    let wsgi: ExampleService;

    before(async () => {
      container = await bootForPackages(release);
      await aptInstall(container, await buildPackage("deb"));
      chat = new ExampleService(container, "chat");
      wsgi = new ExampleService(container, "wsgi");
    });
    after(() => container?.[Symbol.asyncDispose]());

    const both = (version: string, flaw?: Flaw): Promise<string[]> =>
      Promise.all(EXAMPLES.map((example) => buildExample("deb", example, version, flaw)));
    const install = async (...files: string[]): Promise<AptOutcome> => {
      const paths = await Promise.all(files.map((file) => bring(container, file)));
      return apt(container, "install", "--allow-downgrades", ...paths);
    };
    const assertStates = async (state: string): Promise<void> => {
      for (const { name } of [chat, wsgi]) {
        assert.equal(await container.sh(`dpkg-query -W -f '${STATE}' ${name}`), state, name);
      }
    };
    /** Upgrades both under load; who asks sees the old version, then the new one, and nothing else. */
    const upgrade = async (from: string, to: string, event: () => Promise<unknown>): Promise<void> => {
      const reports = await undisturbed(container, event);
      for (const report of [reports.chat, reports.wsgi]) assert.deepEqual(versionsIn(report), [from, to]);
      await assertStates(`ii ${to}`);
    };

    step("the first installation starts and enables service and socket", async () => {
      await aptInstall(container, ...(await both("1")));
      await assertStates("ii 1");
      await assertAnswers(container, "1");
      for (const { unit, socketUnit } of [chat, wsgi]) {
        const states = await container.sh(
          `systemctl is-active ${unit} ${socketUnit}; systemctl is-enabled ${unit} ${socketUnit}`,
        );
        assert.equal(states, "active\nactive\nenabled\nenabled");
      }
    });

    step("an upgrade loses no request and no connection", async () => {
      const files = await both("2");
      await upgrade("1", "2", () => aptInstall(container, ...files));
    });

    step("an upgrade starts nothing that was stopped, and enables nothing that was disabled", async () => {
      await container.sh(
        `systemctl disable --quiet ${chat.unit}; systemctl stop ${wsgi.socketUnit} ${wsgi.unit}`,
      );
      await aptInstall(container, ...(await both("3")));
      assert.equal(await chat.answer(), "3");
      assert.equal(await wsgi.show("ActiveState"), "inactive");
      assert.equal(await container.sh(`systemctl is-enabled ${chat.unit} || true`), "disabled");
      assert.equal(await container.sh(`systemctl is-enabled ${wsgi.unit}`), "enabled");
      await container.sh(`systemctl disable --quiet ${wsgi.unit}`);
      await aptInstall(container, ...(await both("4")));
      assert.equal(await wsgi.show("ActiveState"), "inactive");
      await assertStates("ii 4");
      await container.sh(
        `systemctl enable --quiet ${chat.unit} ${wsgi.unit}; systemctl start ${wsgi.socketUnit} ${wsgi.unit}`,
      );
      await assertAnswers(container, "4");
    });

    for (const [version, flaw] of BAD) {
      step(
        `a version that ${flaw} makes apt fail and say why; the old one serves on, and nobody notices`,
        async () => {
          const files = await both(version, flaw);
          const reports = await undisturbed(container, async () => {
            const { code, output } = await install(...files);
            assert.equal(code, 100, output);
            for (const { unit } of [chat, wsgi]) {
              assert.match(
                output,
                new RegExp(`holdfast: ${unit} does not run the new version: generation \\d+, .* failed: `),
              );
            }
          });
          for (const report of [reports.chat, reports.wsgi]) assert.deepEqual(versionsIn(report), ["4"]);
          await assertStates(`iF ${version}`);
          for (const service of [chat, wsgi]) {
            const { code, report } = await service.status();
            assert.equal(code, 4);
            assert.match(report.degraded ?? "", /^the last upgrade failed: /);
            assert.match(await service.show("StatusText"), /upgrade to generation \d+ failed: /);
          }
        },
      );
    }

    step(
      "with a bad version on the disk a crashed worker comes back with the old code, and so does the service after a reboot",
      async () => {
        for (const service of [chat, wsgi]) {
          const pid = (await service.settled()).generations[0]?.workers[0]?.pid;
          await container.sh(`kill -KILL ${pid}`);
          await waitUntil("another worker", 30_000, async () => {
            const [worker] = (await service.settled()).generations[0]?.workers ?? [];
            return worker?.phase === "ready" && worker.pid !== pid;
          });
        }
        await assertAnswers(container, "4");
        await container.reboot();
        await Promise.all([chat.settled(), wsgi.settled()]);
        await assertAnswers(container, "4");
        await assertStates("iF 7");
        assert.equal((await chat.status()).code, 4);
        assert.equal((await wsgi.status()).code, 4);
      },
    );

    step("what was mended on the disk is configured by dpkg --configure -a", async () => {
      await container.sh(
        `sed -i /statusCode/d /usr/share/example-chat/app/server.js; sed -i /^raise/d /usr/share/example-wsgi/app/app.py`,
      );
      await upgrade("4", "7", () => container.sh("dpkg --configure -a"));
    });

    step("a good version heals one that is half-configured", async () => {
      const { code } = await install(...(await both("8.1", "crashes at boot")));
      assert.equal(code, 100);
      await assertStates("iF 8.1");
      const files = await both("9");
      await upgrade("7", "9", () => aptInstall(container, ...files));
      assert.equal((await chat.status()).code, 0);
    });

    step(
      "a run that ended between unpack and configure has changed nothing; dpkg --configure -a makes up for it",
      async () => {
        const paths = await Promise.all((await both("10")).map((file) => bring(container, file)));
        await container.sh(`dpkg --unpack ${paths.join(" ")}`);
        await assertStates("iU 10");
        await assertAnswers(container, "9");
        await upgrade("9", "10", () => container.sh("dpkg --configure -a"));
      },
    );

    step("Holdfast and the apps are upgraded in one run of apt", async () => {
      const files = [await buildPackage("deb", NEXT_VERSION), ...(await both("11"))];
      await upgrade("10", "11", () => aptInstall(container, ...files));
      assert.equal((await chat.status()).report.version, NEXT_VERSION);
    });

    step(
      "needrestart, after an upgrade of Holdfast, restarts the services that use its library, and nobody notices",
      async () => {
        const before = await chat.settled();
        const next = await changeDeb(await buildPackage("deb"), "0.1.3", DAEMON, (text) => text);
        await aptInstall(container, next);
        assert.equal((await chat.settled()).generations[0]?.id, before.generations[0]?.id);
        await undisturbed(container, () => container.sh("needrestart -q -r a"));
        assert.notEqual((await chat.settled()).generations[0]?.id, before.generations[0]?.id);
      },
    );

    step("unattended-upgrades upgrades them, and nobody notices", async () => {
      const paths = await Promise.all((await both("12")).map((file) => bring(container, file)));
      await offer(container, paths);
      await upgrade("11", "12", () => container.sh("unattended-upgrade"));
    });

    step("a downgrade is an upgrade to what was before", async () => {
      const files = await both("11");
      await upgrade("12", "11", () => aptInstall(container, ...files));
    });

    step(
      "Holdfast with another format of the state file adopts the workers; so does the one before it, without the numbers",
      async () => {
        const later = await changeDeb(await buildPackage("deb"), "0.2.0", DAEMON, (text) =>
          text.replace(
            /(var stateFormat = )(\d+)/,
            (_, begin: string, format: string) => begin + (Number(format) + 1),
          ),
        );
        const format = (): Promise<string> =>
          container.sh(`grep -o '^{"format":[0-9]*' /var/lib/holdfast/example-chat/state.json`);
        const before = await format();
        const { generations } = await chat.settled();
        await undisturbed(container, () => aptInstall(container, later));
        assert.deepEqual((await chat.settled()).generations[0]?.id, generations[0]?.id);
        assert.notEqual(await format(), before);
        const own = await buildPackage("deb", NEXT_VERSION);
        const reports = await losingConnections(container, () => aptInstall(container, own));
        for (const report of [reports.chat, reports.wsgi]) assert.deepEqual(versionsIn(report), ["11"]);
        assert.equal(await format(), before);
      },
    );

    step(
      "removal stops service and socket and keeps the state; another installation starts them again",
      async () => {
        await aptRemove(container, "remove", "example-chat example-wsgi");
        for (const { unit, socketUnit, name } of [chat, wsgi]) {
          assert.notEqual(await container.show(unit, "ActiveState"), "active");
          assert.notEqual(await container.show(socketUnit, "ActiveState"), "active");
          assert.deepEqual(await container.pidsIn(unit), []);
          await container.sh(`test -e /var/lib/holdfast/${name}/state.json`);
        }
        await aptInstall(container, ...(await both("11")));
        await assertAnswers(container, "11");
      },
    );

    step("purging leaves nothing of them", async () => {
      await aptRemove(container, "purge", "example-chat example-wsgi");
      const found =
        "find / -xdev -name '*example-*' -not -path '/proc/*' -not -path '/sys/*' -not -path '/root/*' -not -path '/srv/*' -not -path '/usr/share/doc/holdfast/*'";
      const remains = await container.sh(`${found} -not -path '/run/*' -not -path '/var/log/*' | sort`);
      assert.equal(remains, "");
      assert.deepEqual(await container.pidsIn(chat.unit), []);
    });
  });
}
