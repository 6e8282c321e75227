import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathInCheckout } from "../harness/container/checkout.js";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { Publisher } from "../harness/process/publisher.js";
import { onReleases } from "../harness/service/promise.js";
import { losesNothing } from "../harness/service/under-load.js";
import type { WebService } from "../harness/service/web-service.js";

/** A release of the app of the tests, as it is packed. */
async function build(directory: string, version: string, more: Record<string, string> = {}): Promise<string> {
  const folder = join(directory, version);
  mkdirSync(folder);
  await cp(pathInCheckout("test", "apps", "counter"), folder, { recursive: true });
  for (const [file, text] of Object.entries({ version, ...more }))
    writeFileSync(join(folder, file), `${text}\n`);
  return folder;
}

/** Copies all that is published to where the container looks for it. */
async function bring({ container }: WebService, { source, keyring }: Publisher, name: string): Promise<void> {
  const files = readdirSync(source).map((file) => [`/var/published/${file}`, join(source, file)] as const);
  for (const [path, file] of [...files, [`/etc/holdfast-pull/${name}.gpg`, keyring] as const]) {
    const { code } = await container.exec(
      ["/bin/sh", "-c", 'mkdir -p "$(dirname "$0")" && cat > "$0"', path],
      {
        input: readFileSync(file),
      },
    );
    assert.equal(code, 0);
  }
  await container.write(`/etc/holdfast-pull/${name}.conf`, "SOURCE=/var/published\n");
}

async function active(web: WebService) {
  return (await web.status()).generations.find(({ phase }) => phase === "active");
}

// Debian 13 has gpgv in a package of its own, which the images are without.
onReleases("hosts that pull", ["bookworm"], (promise) => {
  promise(
    "a timer pulls a newer release in its sandbox, and leaves one that is bad",
    { app: "counter" },
    async (web) => {
      const { container, name } = web;
      const directory = mkdtempSync(join(tmpdir(), "holdfast-builds-"));
      using publisher = new Publisher(name);
      try {
        await web.must("start");
        publisher.publish(1, "v2", await build(directory, "v2"));
        await bring(web, publisher, name);
        const [service, timer] = [`holdfast-pull@${name}.service`, `holdfast-pull@${name}.timer`];
        // In place of the times that are shipped: one of them is a minute after the boot, and would come between.
        await container.sh(`mkdir -p /run/systemd/system/holdfast-pull@.timer.d
        printf '[Timer]\\nOnBootSec=\\nOnActiveSec=1s\\nRandomizedDelaySec=0\\n' > /run/systemd/system/holdfast-pull@.timer.d/soon.conf
        systemctl daemon-reload`);
        await losesNothing(web, async () => {
          await container.sh(`systemctl start ${timer}`);
          await waitUntil("v2", DEADLINE_MS, async () => (await active(web))?.version === "v2");
          await waitUntil(
            "its end",
            DEADLINE_MS,
            async () => (await container.show(service, "ActiveState")) === "inactive",
          );
        });
        await web.settled();
        assert.equal(await container.sh(`readlink /srv/${name}/current`), "releases/1-v2");
        assert.equal(await container.show(service, "Result"), "success");

        publisher.publish(2, "v3", await build(directory, "v3", { "crash-at-boot": "" }));
        await bring(web, publisher, name);
        assert.notEqual((await container.exec(["systemctl", "start", service])).code, 0);
        assert.equal(await container.sh(`readlink /srv/${name}/current`), "releases/1-v2");
        const { id } = await web.settled();
        await container.sh(`systemctl start ${service}`);
        assert.equal((await web.settled()).id, id);
        await container.sh(`systemctl stop ${timer}`);
      } finally {
        if (existsSync(directory)) rmSync(directory, { recursive: true });
      }
    },
  );
});
