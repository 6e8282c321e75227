import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import type { Container } from "../harness/container/container.js";
import { describeOnEachRelease } from "../harness/container/each-release.js";
import { bootForPackages, bring } from "../harness/packages/boot.js";
import { buildPackage, NEXT_VERSION } from "../harness/packages/build-package.js";
import { hasCollection } from "../harness/packages/collection-files.js";
import { startInstance, survivesUpgrade } from "../harness/packages/packaged-service.js";

import type { WebService } from "../harness/service/web-service.js";

// rpm itself on Debian, which knows none of the required packages: its scriptlets meet a real systemd all the same.
describeOnEachRelease("the .rpm", (release) => {
  let container: Container;
  let web: WebService;

  before(async () => {
    container = await bootForPackages(release);
  });
  after(() => container?.[Symbol.asyncDispose]());

  const install = async (version?: string): Promise<void> => {
    const path = await bring(container, await buildPackage("rpm", version));
    await container.sh(`rpm -U --nodeps ${path}`);
  };

  it("is installed, starts nothing, and an instance serves", async () => {
    await install();
    hasCollection(await container.sh("rpm -ql holdfast"));
    assert.equal(await container.sh("pgrep -x holdfastd || true"), "");
    web = await startInstance(container, "node");
    assert.equal(await container.sh(`curl -sS http://${web.address}/`), "v1");
  });

  it("an upgrade of the package replaces the daemon under load, and the workers stay", async () => {
    await survivesUpgrade(web, () => install(NEXT_VERSION));
  });

  it("erasing it stops the instance and leaves config and state", async () => {
    await container.sh("rpm -e holdfast");
    assert.notEqual(await web.show("ActiveState"), "active");
    assert.deepEqual(await web.pids(), []);
    await container.sh(
      `test -e /var/lib/holdfast/${web.name}/state.json && test -e /etc/holdfast/${web.name}.toml`,
    );
    await container.sh("! test -e /usr/lib/holdfast && ! test -e /usr/bin/holdfastd");
  });
});
