import assert from "node:assert/strict";
import { constants } from "node:fs";
import { waitUntil } from "../harness/container/wait-until.js";
import { onEachRelease } from "../harness/service/promise.js";
import { beginStream } from "../harness/service/stream.js";
import { losesNothing } from "../harness/service/under-load.js";
import {
  SOCKET,
  versionOf,
  type WebService,
  type WebSetup,
  workerPids,
} from "../harness/service/web-service.js";

const ON_SOCKET: WebSetup = { app: "node", socket: SOCKET };
const ANY = "[listeners.http]\n";

/** Who answers at a port of the container, or why nobody does. */
async function ask(web: WebService, port: number): Promise<string> {
  const { code, stdout } = await web.container.exec(["curl", "-sS", "-m5", `http://127.0.0.1:${port}/`]);
  return code === 0 ? stdout.trim() : `status ${code}`;
}

const REFUSED = "status 7";

async function closed(web: WebService, port: number): Promise<void> {
  await waitUntil(`port ${port} closed`, 20_000, async () => (await ask(web, port)) === REFUSED);
}

async function upgradeTwice(web: WebService): Promise<void> {
  await web.deploy("v2");
  await web.must("reload");
  await web.deploy("v3");
  await web.must("restart");
}

onEachRelease("socket units", (promise) => {
  // systemd may refuse to start the socket unit then, because its service is active already; deb-systemd-invoke lets that pass.
  promise(
    "socket unit and service restarted together, as dpkg does, lose nothing",
    ON_SOCKET,
    async (web) => {
      await web.must("start");
      const before = await web.show("NFileDescriptorStore");
      await losesNothing(web, async (load) => {
        await web.deploy("v2");
        await web.systemctl("restart", web.socketUnit);
        await load.waitFor("version 2", 20_000, ({ versions }) => versions["v2"] !== undefined);
      });
      await losesNothing(web, () => web.must("reload"));
      await losesNothing(web, () => web.must("restart"));
      assert.equal(versionOf(await web.settled()), "v2");
      assert.equal(await web.show("NFileDescriptorStore"), before);
    },
  );

  promise(
    "only the socket unit stopped and started: the service serves on, and is restarted without loss",
    ON_SOCKET,
    async (web) => {
      await web.must("start");
      const before = await web.show("NFileDescriptorStore");
      await losesNothing(web, async () => {
        await web.container.sh(`systemctl stop ${web.socketUnit}; systemctl start ${web.socketUnit} || true`);
        await web.must("start");
      });
      await losesNothing(web, () => web.must("restart"));
      await web.settled();
      assert.equal(await web.show("NFileDescriptorStore"), before);
    },
  );

  promise(
    "ours: an edited socket unit: after a restart the new generation listens on the new port, and the old port closes",
    { ...ON_SOCKET, config: { listeners: ANY } },
    async (web) => {
      // Only in one transaction with the service's restart does systemd start the socket unit of an active service.
      await web.dropIn(`[Unit]\nWants=${web.socketUnit}\n`);
      await web.must("start");
      const before = await web.show("NFileDescriptorStore");
      const endStream = await beginStream(web);
      const port = web.port + 1;
      await web.writeSocketUnit(`ListenStream=127.0.0.1:${port}\nFileDescriptorName=http\n`);
      await web.container.sh(`systemctl stop ${web.socketUnit} 2>/dev/null`);
      await web.must("restart");
      assert.equal(await web.container.show(web.socketUnit, "ActiveState"), "active");
      assert.equal(await ask(web, port), "v1");
      assert.deepEqual(new Set(await endStream()), new Set(["v1", "end"]));
      await closed(web, web.port);
      assert.equal(await web.show("NFileDescriptorStore"), before);
    },
  );

  promise(
    "a socket that nobody declares is closed, not left open unaccepted",
    { app: "node", socket: SOCKET.replace("http", "stray") },
    async (web) => {
      await web.configure({ listeners: `[listeners.http]\naddress = "127.0.0.1:${web.port + 1}"\n` });
      await web.must("start");
      const status = await web.status();
      assert.deepEqual(
        status.listeners.map(({ name }) => name),
        ["http"],
      );
      const daemon = await web.mainPid();
      const holders = await web.container.sh(`ss -Hltnp 'sport = :${web.port}'`);
      assert.doesNotMatch(holders, new RegExp(`pid=${daemon}\\b`));
      assert.equal(await ask(web, web.port + 1), "v1");
    },
  );

  promise(
    "nginx: a unix socket's file stays over upgrade, restart and stop of the service",
    {
      app: "gunicorn",
      socket: "ListenStream=/run/{port}.sock\nFileDescriptorName=http\n",
      config: { listeners: ANY },
    },
    async (web) => {
      const address = `/run/${web.port}.sock`;
      await web.must("start");
      const inode = await web.container.sh(`stat -c %i ${address}`);
      const report = await losesNothing(web, () => upgradeTwice(web), { address });
      assert.ok(report.versions["v3"] !== undefined, JSON.stringify(report.versions));
      await web.container.sh(`systemctl stop ${web.unit} 2>/dev/null`);
      assert.equal(await web.container.sh(`stat -c %i ${address}`), inode);
    },
  );

  promise(
    "tableflip: the socket unit's listener is non-blocking whenever the daemon starts: no worker waits in an accept that another was quicker at",
    ON_SOCKET,
    async (web) => {
      await web.must("start");
      const workers = workerPids(await web.settled());
      const isNonBlocking = async (): Promise<boolean> => {
        const info = await web.container.sh(`grep flags: /proc/${workers[0]}/fdinfo/3`);
        return (Number.parseInt(info.replace("flags:", ""), 8) & constants.O_NONBLOCK) !== 0;
      };
      assert.ok(await isNonBlocking());
      const daemon = await web.mainPid();
      await web.container.sh(`kill -9 ${daemon}`);
      await web.successorOf(daemon);
      assert.deepEqual(workerPids(await web.settled()), workers);
      assert.ok(await isNonBlocking());
    },
  );

  // Node 20 cannot connect to such a socket: it pads the name. curl asks without end and without another try.
  promise(
    "an abstract socket of the socket unit is served over upgrade and restart",
    {
      app: "gunicorn",
      socket: "ListenStream=@test-{port}\nFileDescriptorName=http\n",
      config: { listeners: ANY },
    },
    async (web) => {
      await web.must("start");
      const curl = `curl -sSf --abstract-unix-socket test-${web.port} http://test/`;
      const end = `/run/${web.name}.end`;
      const asking = web.container.sh(`while [ ! -e ${end} ]; do ${curl} || exit 1; done; ${curl}`);
      await upgradeTwice(web);
      await web.container.sh(`touch ${end}`);
      const versions = new Set((await asking).split("\n"));
      assert.deepEqual([...versions].sort(), ["v1", "v2", "v3"]);
    },
  );

  promise(
    "a socket unit takes the place of the daemon's own socket: nothing is lost, and the file that systemd made stays",
    { app: "node", config: { listeners: '[listeners.http]\naddress = "unix:/run/own-{port}/own.sock"\n' } },
    async (web) => {
      const folder = `/run/own-${web.port}`;
      const address = `${folder}/own.sock`;
      await web.dropIn(`[Service]\nReadWritePaths=${folder}\n`);
      await web.container.sh(
        `systemctl start holdfast-user@${web.name} && install -d -o holdfast-${web.name} ${folder}`,
      );
      await web.must("start");
      await web.writeSocketUnit(`ListenStream=${address}\nFileDescriptorName=http\n`);
      // Wants= of the service's unit starts it.
      await losesNothing(web, () => web.must("restart"), { address });
      await web.settled();
      const origins = (await web.status()).listeners.map(({ name, origin }) => `${name} ${origin}`);
      assert.deepEqual(origins, ["http unit"]);
      await losesNothing(web, () => web.must("reload"), { address });
      await web.must("stop");
      await web.container.sh(`test -S ${address}`);
    },
  );
});
