import assert from "node:assert/strict";
import { after, before } from "node:test";
import { describeOnEachRelease } from "../harness/container/each-release.js";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { offer } from "../harness/packages/boot.js";
import type { Flaw } from "../harness/packages/build-example.js";
import {
  buildPackage,
  changeDeb,
  NEXT_VERSION,
  raiseStateFormat,
} from "../harness/packages/build-package.js";
import { buildExamples, DebMachine } from "../harness/packages/deb-machine.js";
import {
  assertAnswers,
  crashWorker,
  losingConnections,
  undisturbed,
  versionsIn,
} from "../harness/packages/example-service.js";
import { story } from "../harness/packages/story.js";

const DAEMON = "usr/lib/holdfast/dist/daemon.js";
const BAD: readonly (readonly [version: string, flaw: Flaw])[] = [
  ["5", "crashes at boot"],
  ["6", "is never ready"],
  ["7", "fails its verification"],
];
/** In place of dpkg: apt is killed when it has unpacked everything and would have it configured. */
const FATAL_DPKG = `#!/bin/sh
case " $* " in *" --configure "*) kill -KILL $PPID; exit 1 ;; esac
exec dpkg "$@"
`;

// The upgrades of two apps, one native and one plain, on one machine; each goes on from where the one before it ended.
describeOnEachRelease("the .deb of an app is upgraded", (release) => {
  const step = story();
  let machine: DebMachine;

  before(async () => {
    machine = await DebMachine.boot(release);
  });
  after(() => machine?.[Symbol.asyncDispose]());

  step("the first installation starts and enables service and socket", async () => {
    await machine.install(...(await buildExamples("1")));
    await machine.assertStates("ii 1");
    await assertAnswers(machine.container, "1");
    for (const { unit, socketUnit } of machine.services) {
      const states = await machine.container.sh(
        `systemctl is-active ${unit} ${socketUnit}; systemctl is-enabled ${unit} ${socketUnit}`,
      );
      assert.equal(states, "active\nactive\nenabled\nenabled");
      await machine.container.sh(`holdfast doctor ${unit}`);
    }
  });

  step("an upgrade loses no request and no connection", async () => {
    const files = await buildExamples("2");
    await machine.upgrade("1", "2", () => machine.install(...files));
  });

  step("an upgrade starts nothing that was stopped, and enables nothing that was disabled", async () => {
    const { container, chat, wsgi } = machine;
    await container.sh(
      `systemctl disable --quiet ${chat.unit}; systemctl stop ${wsgi.socketUnit} ${wsgi.unit}`,
    );
    await machine.install(...(await buildExamples("3")));
    assert.equal(await chat.answer(), "3");
    assert.equal(await wsgi.show("ActiveState"), "inactive");
    assert.equal(await container.sh(`systemctl is-enabled ${chat.unit} || true`), "disabled");
    assert.equal(await container.sh(`systemctl is-enabled ${wsgi.unit}`), "enabled");
    await container.sh(`systemctl disable --quiet ${wsgi.unit}`);
    await machine.install(...(await buildExamples("4")));
    assert.equal(await wsgi.show("ActiveState"), "inactive");
    assert.equal(await container.sh(`systemctl is-enabled ${wsgi.unit} || true`), "disabled");
    await machine.assertStates("ii 4");
    await container.sh(
      `systemctl enable --quiet ${chat.unit} ${wsgi.unit}; systemctl start ${wsgi.socketUnit} ${wsgi.unit}`,
    );
    await assertAnswers(container, "4");
  });

  for (const [version, flaw] of BAD) {
    step(
      `a version that ${flaw} makes apt fail and say why; the old one serves on, and nobody notices`,
      async () => {
        const files = await buildExamples(version, flaw);
        await machine.staysAt("4", async () => {
          const { code, output } = await machine.tryInstall(files);
          assert.equal(code, 100, output);
          for (const { unit } of machine.services) {
            assert.match(
              output,
              new RegExp(`holdfast: ${unit} does not run the new version: generation \\d+, .* failed: `),
            );
          }
        });
        await machine.assertStates(`iF ${version}`);
        for (const service of machine.services) {
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
      for (const service of machine.services) await crashWorker(service);
      await assertAnswers(machine.container, "4");
      await machine.container.reboot();
      for (const service of machine.services) await service.settled();
      await assertAnswers(machine.container, "4");
      await machine.assertStates("iF 7");
      for (const service of machine.services) assert.equal((await service.status()).code, 4);
    },
  );

  step("a good version heals it", async () => {
    const files = await buildExamples("8");
    await machine.upgrade("4", "8", () => machine.install(...files));
    for (const service of machine.services) assert.equal((await service.status()).code, 0);
  });

  step(
    "dpkg --configure -a fails as long as the version is bad, and configures what was mended",
    async () => {
      const { code } = await machine.tryInstall(await buildExamples("9", "fails its verification"));
      assert.equal(code, 100);
      assert.equal((await machine.container.exec(["dpkg", "--configure", "-a"])).code, 1);
      await machine.assertStates("iF 9");
      await machine.container.sh(
        "sed -i /statusCode/d /usr/share/example-chat/app/server.js; sed -i /^raise/d /usr/share/example-wsgi/app/app.py",
      );
      await machine.upgrade("8", "9", () => machine.container.sh("dpkg --configure -a"));
    },
  );

  step(
    "apt killed between unpack and configure has changed nothing; dpkg --configure -a makes up for it",
    async () => {
      const paths = await machine.bring(await buildExamples("10"));
      await machine.container.write("/root/fatal-dpkg", FATAL_DPKG);
      await machine.container.sh("chmod 755 /root/fatal-dpkg");
      const argv = ["apt-get", "-y", "-o", "Dir::Bin::dpkg=/root/fatal-dpkg", "install", ...paths] as const;
      const { code } = await machine.container.exec(argv);
      assert.equal(code, null);
      await machine.assertStates("iU 10");
      await assertAnswers(machine.container, "9");
      await machine.upgrade("9", "10", () => machine.container.sh("dpkg --configure -a"));
    },
  );

  step("Holdfast and the apps are upgraded in one run of apt", async () => {
    const files = [await buildPackage("deb", NEXT_VERSION), ...(await buildExamples("11"))];
    await machine.upgrade("10", "11", () => machine.install(...files));
    for (const service of machine.services) {
      assert.equal((await service.status()).report.version, NEXT_VERSION);
    }
  });

  step(
    "needrestart, after an upgrade of Holdfast, restarts the services that use its library, and nobody notices",
    async () => {
      const { container, chat } = machine;
      const before = await chat.settled();
      const next = await changeDeb(await buildPackage("deb"), "0.1.3", DAEMON, (text) => text);
      await machine.install(next);
      assert.equal((await chat.settled()).generations[0]?.id, before.generations[0]?.id);
      await undisturbed(container, () => container.sh("needrestart -q -r a"));
      assert.notEqual((await chat.settled()).generations[0]?.id, before.generations[0]?.id);
    },
  );

  step("unattended-upgrades upgrades them, and nobody notices", async () => {
    await offer(machine.container, await machine.bring(await buildExamples("12")));
    await machine.upgrade("11", "12", () => machine.container.sh("unattended-upgrade"));
  });

  step(
    "a downgrade is an upgrade to what was before, and by then only the last few releases are kept",
    async () => {
      const files = await buildExamples("11");
      await machine.upgrade("12", "11", () => machine.install(...files));
      for (const { name } of machine.services) {
        const state = `/var/lib/holdfast/${name}`;
        const count = `find ${state}/releases/[0-9]* -maxdepth 0 -type d | wc -l`;
        await waitUntil(
          "only 4 releases",
          DEADLINE_MS,
          async () => (await machine.container.sh(count)) === "4",
        );
        await machine.container.sh(`! test -e ${state}/written`);
      }
    },
  );

  step(
    "Holdfast with another format of the state file adopts the workers; so does the one before it, without the numbers",
    async () => {
      const { container, chat } = machine;
      const later = await changeDeb(await buildPackage("deb"), "0.2.0", DAEMON, raiseStateFormat);
      const before = await chat.stateFormat();
      const { generations } = await chat.settled();
      await undisturbed(container, () => machine.install(later));
      assert.deepEqual((await chat.settled()).generations[0]?.id, generations[0]?.id);
      assert.equal(await chat.stateFormat(), before + 1);
      const own = await buildPackage("deb", NEXT_VERSION);
      const reports = await losingConnections(container, () => machine.install(own));
      for (const report of [reports.chat, reports.wsgi]) assert.deepEqual(versionsIn(report), ["11"]);
      assert.equal(await chat.stateFormat(), before);
    },
  );
});
