import assert from "node:assert/strict";
import { after, before } from "node:test";
import { describeOnEachRelease } from "../harness/container/each-release.js";
import { startLoad } from "../harness/load/start-load.js";
import { apt, aptRemove, bring } from "../harness/packages/boot.js";
import { buildBefore, buildExample } from "../harness/packages/build-example.js";
import { buildAddOn, buildPackage } from "../harness/packages/build-package.js";
import { buildExamples, DebMachine } from "../harness/packages/deb-machine.js";
import { assertAnswers } from "../harness/packages/example-service.js";
import { story } from "../harness/packages/story.js";
import { assertNothingLost } from "../harness/service/under-load.js";

const NAMES = "example-chat example-wsgi";
const SOURCE = "packaging/examples/wsgi";
const BUILT = "/root/packaging/examples/example-wsgi_1_all.deb";
const POLICY = "/usr/sbin/policy-rc.d";
const EXTRA = "example-extra.service";
const EXTRA_UNIT = `[Service]
ExecStart=/bin/sleep infinity
[Install]
WantedBy=multi-user.target
`;
/** As a maintainer does, of a package with another service besides, which has to prove itself. -d: build-essential is not there; the rest is looked for before. */
const BUILD = `
cd /root/${SOURCE}
echo '${EXTRA} lib/systemd/system' >> debian/example-wsgi.install
printf 'override_dh_holdfast:\n\tdh_holdfast --wait=proved\n' >> debian/rules
printf '[probation]\ntime = "1s"\n' >> holdfast.toml
dpkg-checkbuilddeps -d 'debhelper-compat (= 13), dh-sequence-holdfast'
dpkg-buildpackage --build=binary --unsigned-changes --no-sign -d
`;
/** Makes of the chat's package one whose preinst refuses to be the upgrade of anything. */
const REFUSE = `
dpkg-deb --raw-extract "$1" /root/refusing
sed -i '/^set -e/a [ "$1" != upgrade ] || exit 1' /root/refusing/DEBIAN/preinst
dpkg-deb --build -Znone /root/refusing /root/refusing.deb
`;
const SCRIPTS = NAMES.split(" ")
  .map((name) => `/var/lib/dpkg/info/${name}.prerm`)
  .join(" ");

// What the maintainer scripts of apps' packages do beside upgrades; each goes on from where the one before it ended.
describeOnEachRelease("the .deb of an app is installed and removed", (release) => {
  const step = story();
  let machine: DebMachine;

  before(async () => {
    machine = await DebMachine.boot(release);
  });
  after(() => machine?.[Symbol.asyncDispose]());

  const assertStopped = async (): Promise<void> => {
    for (const { unit, socketUnit } of machine.services) {
      assert.notEqual(await machine.container.show(unit, "ActiveState"), "active");
      assert.notEqual(await machine.container.show(socketUnit, "ActiveState"), "active");
      assert.deepEqual(await machine.container.pidsIn(unit), []);
    }
  };

  step("the release's own debhelper builds it, with the package of the add-on; it serves", async () => {
    const { container, wsgi } = machine;
    await machine.install(await buildAddOn());
    await container.copyIn("/root", SOURCE);
    await container.write(`/root/${SOURCE}/${EXTRA}`, EXTRA_UNIT);
    await container.sh(BUILD);
    await container.sh(`apt-get -y -q install ${BUILT}`);
    assert.equal(await wsgi.answer(), "1");
    assert.equal((await wsgi.status()).code, 0);
    assert.equal(await container.show(EXTRA, "ActiveState"), "active");
    await container.sh("grep 'app-units upgrade --wait=proved' /var/lib/dpkg/info/example-wsgi.postinst");
  });

  step("an upgrade restarts what is not Holdfast's, and only that", async () => {
    const { container, wsgi } = machine;
    const extra = await container.show(EXTRA, "MainPID");
    await using load = await startLoad(container, { address: wsgi.address });
    await load.waitForMore(2);
    await container.sh(`apt-get -y -q reinstall ${BUILT}`);
    assert.equal((await wsgi.status()).report.lastUpgrade?.verdict?.kind, "proved");
    await load.waitForMore(2);
    assertNothingLost(await load.stop());
    assert.notEqual(await container.show(EXTRA, "MainPID"), extra);
    await aptRemove(container, "purge", "example-wsgi");
    assert.notEqual(await container.show(EXTRA, "ActiveState"), "active");
  });

  step("the upgrade from a version that did not use Holdfast hands the service over to it", async () => {
    const { container, wsgi } = machine;
    await machine.install(await buildBefore("deb"));
    assert.equal(await wsgi.ask(), "0");
    await container.sh("! test -e /run/holdfast/example-wsgi");
    const before = await wsgi.show("MainPID");
    await container.sh(`printf '#!/bin/sh\nexit 101\n' > ${POLICY}; chmod +x ${POLICY}`);
    const own = await buildExample("deb", "wsgi", "1");
    await machine.install(own);
    assert.equal(await wsgi.show("MainPID"), before, "nothing is stopped that may not be started");
    await container.sh(`rm ${POLICY}; dpkg --install ${await bring(container, own)}`);
    await machine.install(await buildExample("deb", "chat", "1"));
    await machine.assertStates("ii 1");
    await assertAnswers(container, "1");
    assert.equal((await wsgi.status()).code, 0);
    await machine.upgrade("1", "2", async () => machine.install(...(await buildExamples("2"))));
  });

  step(
    "an upgrade that is refused before anything is unpacked is taken back, and nobody notices",
    async () => {
      const { container } = machine;
      const path = await bring(container, await buildExample("deb", "chat", "3"));
      const { code, stderr } = await container.exec(["/bin/sh", "-euc", REFUSE, "refuse", path]);
      assert.equal(code, 0, stderr);
      await machine.staysAt("2", async () => {
        assert.equal((await apt(container, "install", "/root/refusing.deb")).code, 100);
      });
      await machine.assertStates("ii 2");
    },
  );

  step("a service that has failed is started by the version that mends it", async () => {
    const { container, wsgi } = machine;
    // Without its state it has nothing to return to.
    await container.sh(`systemctl stop ${wsgi.unit}; rm -r /var/lib/holdfast/${wsgi.name}/*
      echo nonsense >> /usr/share/${wsgi.name}/holdfast.toml`);
    assert.notEqual((await container.exec(["systemctl", "start", wsgi.unit])).code, 0);
    assert.equal(await wsgi.show("ActiveState"), "failed");
    await machine.install(...(await buildExamples("3")));
    await machine.assertStates("ii 3");
    assert.equal(await wsgi.show("ActiveState"), "active"); // before a client's connection would have started it
    await assertAnswers(container, "3");
  });

  step("after a removal that failed halfway they serve again", async () => {
    const { container } = machine;
    const stopped = await machine.chat.show("MainPID");
    await container.sh(`sed -i '$a exit 1' ${SCRIPTS}`);
    assert.equal((await apt(container, "remove", ...NAMES.split(" "))).code, 100);
    await machine.assertStates("ii 3");
    await assertAnswers(container, "3");
    assert.notEqual(await machine.chat.show("MainPID"), stopped);
    await container.sh(`sed -i '$d' ${SCRIPTS}`);
  });

  step(
    "removal stops service and socket and keeps the state, over a purge of Holdfast too; another installation starts them again",
    async () => {
      await aptRemove(machine.container, "remove", NAMES);
      await assertStopped();
      await aptRemove(machine.container, "purge", "holdfast");
      for (const { name } of machine.services) {
        await machine.container.sh(
          `test -e /var/lib/holdfast/${name}/state.json && ! test -e /usr/share/${name}/app`,
        );
      }
      await machine.install(await buildPackage("deb"), ...(await buildExamples("3")));
      await assertAnswers(machine.container, "3");
    },
  );

  step("purging leaves nothing of them", async () => {
    await machine.container.sh("rm -r /root/packaging");
    await aptRemove(machine.container, "purge", NAMES);
    await assertStopped();
    const found =
      "find / -xdev -name '*example-*' -not -path '/proc/*' -not -path '/sys/*' -not -path '/root/*' -not -path '/usr/share/doc/holdfast/*'";
    const remains = await machine.container.sh(`${found} -not -path '/run/*' -not -path '/var/log/*' | sort`);
    assert.equal(remains, "");
  });
});
