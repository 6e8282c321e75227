import assert from "node:assert/strict";
import { waitUntil } from "../harness/container/wait-until.js";
import { onEachRelease } from "../harness/service/promise.js";
import { losesNothing } from "../harness/service/under-load.js";
import { SOCKET, versionOf, type WebService, type WebSetup } from "../harness/service/web-service.js";

const _ON_SOCKET: WebSetup = { app: "node", socket: SOCKET };
const _ANY = "[listeners.http]\n";

/** Who answers at a port of the container, or why nobody does. */
async function ask(web: WebService, port: number): Promise<string> {
  const { code, stdout } = await web.container.exec(["curl", "-sS", "-m5", `http://127.0.0.1:${port}/`]);
  return code === 0 ? stdout.trim() : `status ${code}`;
}

const REFUSED = "status 7";

async function closed(web: WebService, port: number): Promise<void> {
  await waitUntil(`port ${port} closed`, 20_000, async () => (await ask(web, port)) === REFUSED);
}

async function _upgradeTwice(web: WebService): Promise<void> {
  await web.deploy("v2");
  await web.must("reload");
  await web.deploy("v3");
  await web.must("restart");
}

onEachRelease("listeners of the daemon's own", (promise) => {
  promise(
    "ports are added, changed and removed by a reload, and what stays loses nothing",
    { app: "node" },
    async (web) => {
      const [second, third] = [web.port + 1, web.port + 2];
      const listener = (name: string, port: number | string): string =>
        `[listeners.${name}]\naddress = "127.0.0.1:${port}"\n`;
      const http = listener("http", "{port}");
      await web.must("start");
      const before = Number(await web.show("NFileDescriptorStore"));
      await losesNothing(web, async () => {
        await web.configure({ listeners: http + listener("admin", second) });
        await web.must("reload");
        assert.equal(await ask(web, second), "v1");
        await web.configure({ listeners: http + listener("admin", third) });
        await web.must("reload");
        assert.equal(await ask(web, third), "v1");
        await closed(web, second);
        assert.equal(Number(await web.show("NFileDescriptorStore")), before + 1);
        await web.configure({ listeners: http });
        await web.must("reload");
        await closed(web, third);
      });
      await web.settled();
      assert.equal(Number(await web.show("NFileDescriptorStore")), before);
    },
  );

  promise(
    "a port that is taken fails the reload, names who has it, and changes nothing",
    { app: "node" },
    async (web) => {
      const taken = web.port + 1;
      // Only processes of its own user does the sandbox let the daemon see.
      await web.dropIn("[Service]\nUser=nobody\n");
      await web.must("start");
      await web.container.sh(
        `systemd-run -q --unit=taker-${web.name} --service-type=exec -p User=nobody /usr/bin/node -e 'require("net").createServer().listen(${taken}, "127.0.0.1")'`,
      );
      await waitUntil(
        "the port taken",
        10_000,
        async () => (await web.container.sh(`ss -Hltn 'sport = :${taken}'`)) !== "",
      );
      await losesNothing(web, async () => {
        await web.configure({ listeners: `[listeners.http]\naddress = "127.0.0.1:${taken}"\n` });
        assert.equal((await web.systemctl("reload")).code, 1);
      });
      assert.match(
        await web.show("StatusText"),
        new RegExp(
          `127\\.0\\.0\\.1:${taken}: node \\(pid \\d+ of taker-.*\\.service\\) has it.*; still serving 1`,
        ),
      );
      await web.container.sh(`systemctl stop taker-${web.name}`);
    },
  );

  promise(
    "a unix socket that the daemon made goes with the service, and no earlier",
    {
      app: "node",
      config: {
        listeners: '[listeners.http]\naddress = "unix:/run/holdfast/{name}/own.sock"\nmode = "0600"\n',
      },
    },
    async (web) => {
      const address = `/run/holdfast/${web.name}/own.sock`;
      await web.must("start");
      assert.equal(await web.container.sh(`stat -c %a ${address}`), "600");
      await losesNothing(web, () => web.must("restart"), { address });
      await web.must("stop");
      await web.container.sh(`test ! -e ${address}`);
    },
  );

  promise(
    "a changed mode of the daemon's unix socket counts from the reload on, and one that cannot be set fails it",
    { app: "node" },
    async (web) => {
      const address = `/run/holdfast/${web.name}/own.sock`;
      const declare = (mode: string) =>
        web.configure({ listeners: `[listeners.http]\naddress = "unix:${address}"\nmode = "${mode}"\n` });
      const mode = () => web.container.sh(`stat -c %a ${address}`);
      await declare("0600");
      await web.must("start");
      await declare("0660");
      await losesNothing(web, () => web.must("reload"), { address });
      assert.equal(await mode(), "660");
      await declare("0666");
      await web.container.sh(`chown root ${address}`);
      await losesNothing(
        web,
        async () => {
          const { id } = await web.settled();
          assert.equal((await web.systemctl("reload")).code, 1);
          assert.equal((await web.settled()).id, id);
        },
        { address },
      );
      assert.match(await web.show("StatusText"), new RegExp(`cannot set the mode of unix:${address}: EPERM`));
      assert.equal(await mode(), "660");
      await web.container.sh(`chown holdfast-${web.name} ${address}`);
      await losesNothing(web, () => web.must("reload"), { address });
      assert.equal(await mode(), "666");
      await web.must("stop");
    },
  );

  promise("UDP is bound, passed, and answers over an upgrade", { app: "node" }, async (web) => {
    const port = web.port + 1;
    await web.configure({
      listeners: `[listeners.http]\naddress = "127.0.0.1:{port}"\n[listeners.udp]\naddress = "udp:127.0.0.1:${port}"\n`,
    });
    await web.must("start");
    const script = `const s = require("dgram").createSocket("udp4");
      s.on("message", (m) => { console.log(String(m)); s.close(); }); s.send("?", ${port}, "127.0.0.1");`;
    assert.equal(await web.container.sh(`timeout 5 node -e '${script}'`), "v1");
    await losesNothing(web, async () => {
      await web.deploy("v2");
      await web.must("reload");
    });
    assert.equal(versionOf(await web.settled()), "v2");
    assert.equal(await web.container.sh(`timeout 5 node -e '${script}'`), "v2");
  });
});
