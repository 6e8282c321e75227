import assert from "node:assert/strict";
import * as v from "valibot";
import type { StatusReport } from "../../src/control/port.js";
import { statusReply } from "../../src/control/replies.js";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { onEachRelease } from "../harness/service/promise.js";
import { losesNothing } from "../harness/service/under-load.js";
import type { WebService } from "../harness/service/web-service.js";

const UNIX_SOCKETS = 110;

function tables(udpPort: number): string {
  const unix = Array.from(
    { length: UNIX_SOCKETS },
    (_, n) => `[listeners.s${n}]\naddress = "unix:/srv/sockets/${n}"`,
  );
  const http = '[listeners.http]\naddress = "127.0.0.1:{port}"';
  return [http, `[listeners.udp]\naddress = "udp:127.0.0.1:${udpPort}"`, ...unix, ""].join("\n");
}

/** Another unit of the same service, with directories of its own. */
class NextUnit {
  readonly name = "next.service";
  readonly #web: WebService;

  constructor(web: WebService) {
    this.#web = web;
  }

  async install(): Promise<void> {
    const { name } = this.#web;
    const unit = [
      "[Service]\nType=notify\nKillMode=process\nNonBlocking=yes\nFileDescriptorStoreMax=4096\nRestart=on-failure",
      "RestartForceExitStatus=75\nSuccessExitStatus=75\nRestartPreventExitStatus=78\nRestartSec=100ms",
      `User=holdfast-${name}\nRuntimeDirectory=next\nRuntimeDirectoryPreserve=restart\nStateDirectory=next`,
      `ExecStart=/usr/bin/holdfastd --name ${name} --takeover /run/holdfast/${name}/takeover.sock\n`,
    ];
    await this.#web.container.write(`/etc/systemd/system/${this.name}`, unit.join("\n"));
    await this.#web.container.sh("systemctl daemon-reload");
  }

  async systemctl(verb: string): Promise<number> {
    return (await this.#web.container.exec(["systemctl", verb, this.name])).code ?? -1;
  }

  show(property: string): Promise<string> {
    return this.#web.container.show(this.name, property);
  }

  status(): Promise<StatusReport> {
    return waitUntil("the service in its next unit", DEADLINE_MS, async () => {
      const { code, stdout } = await this.#web.container.exec([
        ...(["holdfast", "--socket", "/run/next/control.sock"] as const),
        ...["status", "--json"],
      ]);
      if (code !== 0) return null;
      const status = v.parse(statusReply, JSON.parse(stdout));
      return status.generations.length === 1 && status.upgrade === null && status;
    });
  }
}

/** What each of them answers, without repetitions. */
async function answers(web: WebService, udpPort: number): Promise<string[]> {
  const script = `const s = require("dgram").createSocket("udp4");
    s.on("message", (m) => { console.log(String(m)); s.close(); }); s.send("?", ${udpPort}, "127.0.0.1");`;
  const said = await web.container.sh(
    `for i in $(seq 0 ${UNIX_SOCKETS - 1}); do curl -fsS --unix-socket /srv/sockets/$i http://x/; done\ntimeout 5 node -e '${script}'`,
  );
  const lines = said.split("\n");
  assert.equal(lines.length, UNIX_SOCKETS + 1);
  return [...new Set(lines)];
}

onEachRelease("Envoy and MOSN: taking over from another unit", (promise) => {
  promise(
    "110 unix sockets, a UDP socket and a port go to a second unit, whose version serves them; the first one drains and ends; a bad version gives them back",
    { app: "node", config: { workers: 1 } },
    async (web) => {
      const udpPort = web.port + 1;
      await web.configure({ listeners: tables(udpPort) });
      await web.dropIn("[Service]\nReadWritePaths=/srv/sockets\n");
      await web.container.sh("mkdir -p -m 1777 /srv/sockets");
      await web.must("start");
      await web.settled();
      assert.deepEqual(await answers(web, udpPort), ["v1"]);
      const next = new NextUnit(web);
      await next.install();
      try {
        await web.deploy("bad", { "crash-at-boot": "" });
        const pid = await web.mainPid();
        await losesNothing(web, async () => {
          assert.notEqual(await next.systemctl("start"), 0);
        });
        await web.settled();
        assert.deepEqual([await web.mainPid(), await web.show("ActiveState")], [pid, "active"]);
        assert.deepEqual(await answers(web, udpPort), ["v1"]);

        await web.deploy("v2");
        await losesNothing(web, async () => {
          assert.equal(await next.systemctl("start"), 0);
          await web.waitFor("ActiveState", "inactive");
        });
        assert.equal(await web.show("Result"), "success");
        assert.deepEqual(await web.pids(), [], "no process of the first unit is left");
        const status = await next.status();
        assert.deepEqual([status.unit, status.listeners.length], [next.name, UNIX_SOCKETS + 2]);
        assert.deepEqual(await answers(web, udpPort), ["v2"]);

        // From here on it is a service like any other.
        await web.deploy("v3");
        await losesNothing(web, async () => {
          assert.equal(await next.systemctl("restart"), 0);
        });
        await next.status();
        assert.deepEqual(await answers(web, udpPort), ["v3"]);
      } catch (cause) {
        throw new Error(`${String(cause)}\n${await web.container.tellOf(next.name)}`, { cause });
      } finally {
        await next.systemctl("stop");
        await web.container.sh(
          `systemctl reset-failed ${next.name} 2>/dev/null || true\nrm -rf /etc/systemd/system/${next.name} /srv/sockets`,
        );
      }
    },
  );
});
