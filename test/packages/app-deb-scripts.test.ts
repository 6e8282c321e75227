import assert from "node:assert/strict";
import { after, before } from "node:test";
import { apt, aptRemove, bring } from "../harness/packages/boot.js";
import { buildBefore, buildExample } from "../harness/packages/build-example.js";
import { buildAddOn } from "../harness/packages/build-package.js";
import { buildExamples, DebMachine } from "../harness/packages/deb-machine.js";
import { assertAnswers } from "../harness/packages/example-service.js";
import { story, tellOnEachRelease } from "../harness/packages/story.js";

const NAMES = "example-chat example-wsgi";
const SOURCE = "packaging/examples/wsgi";
/** As a maintainer does. -d: of what it depends on, build-essential is not there; the rest is looked for before. */
const BUILD = `
cd /root/${SOURCE}
dpkg-checkbuilddeps -d 'debhelper-compat (= 13), dh-sequence-holdfast'
dpkg-buildpackage --build=binary --unsigned-changes --no-sign -d
`;
/** Makes version 2 of the chat's package one whose preinst refuses to be the upgrade of anything. */
const REFUSE = `
dpkg-deb --raw-extract "$1" /root/refusing
sed -i '/^set -e/a [ "$1" != upgrade ] || exit 1' /root/refusing/DEBIAN/preinst
dpkg-deb --build -Znone /root/refusing /root/refusing.deb
`;
const SCRIPTS = NAMES.split(" ")
  .map((name) => `/var/lib/dpkg/info/${name}.prerm`)
  .join(" ");

// What the maintainer scripts of apps' packages do beside upgrades; each goes on from where the one before it ended.
tellOnEachRelease("the .deb of an app is installed and removed", (release) => {
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
    await machine.install(await buildAddOn());
    await machine.container.copyIn("/root", SOURCE);
    await machine.container.sh(BUILD);
    await machine.container.sh(`apt-get -y -q install /root/packaging/examples/example-wsgi_1_all.deb`);
    assert.equal(await machine.wsgi.answer(), "1");
    assert.equal((await machine.wsgi.status()).code, 0);
    await aptRemove(machine.container, "purge", "example-wsgi");
  });

  step("the upgrade from a version that did not use Holdfast hands the service over to it", async () => {
    const { container, wsgi } = machine;
    await machine.install(await buildBefore("deb"));
    assert.equal(await wsgi.answer(), "0");
    await container.sh("! test -e /run/holdfast/example-wsgi");
    await machine.install(...(await buildExamples("1")));
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

  step("after a removal that failed halfway they serve again", async () => {
    const { container } = machine;
    const stopped = await machine.chat.show("MainPID");
    await container.sh(`sed -i '$a exit 1' ${SCRIPTS}`);
    assert.equal((await apt(container, "remove", ...NAMES.split(" "))).code, 100);
    await machine.assertStates("ii 2");
    await assertAnswers(container, "2");
    assert.notEqual(await machine.chat.show("MainPID"), stopped);
    await container.sh(`sed -i '$d' ${SCRIPTS}`);
  });

  step(
    "removal stops service and socket and keeps the state; another installation starts them again",
    async () => {
      await aptRemove(machine.container, "remove", NAMES);
      await assertStopped();
      for (const { name } of machine.services) {
        await machine.container.sh(
          `test -e /var/lib/holdfast/${name}/state.json && ! test -e /usr/share/${name}/app`,
        );
      }
      await machine.install(...(await buildExamples("2")));
      await assertAnswers(machine.container, "2");
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
