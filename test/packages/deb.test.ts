import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import type { Container } from "../harness/container/container.js";
import { describeOnEachRelease } from "../harness/container/each-release.js";
import { DEADLINE_MS, waitUntil } from "../harness/container/wait-until.js";
import { aptInstall, aptRemove, bootForPackages } from "../harness/packages/boot.js";
import { buildPackage, changeDeb, NEXT_VERSION, OWN_VERSION } from "../harness/packages/build-package.js";
import { hasCollection } from "../harness/packages/collection-files.js";
import { startInstance, survivesUpgrade } from "../harness/packages/packaged-service.js";

import { settled } from "../harness/service/ask-status.js";
import { blocksOf } from "../harness/service/page.js";
import { losesNothing } from "../harness/service/under-load.js";
import { versionOf, type WebService, workerPids } from "../harness/service/web-service.js";

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own notation
const STATE = "${db:Status-Abbrev}${Version}";
// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own notation
const CONFFILES = "${Conffiles}";

/** As the package of an app ships it: a name of its own, and no template. */
const CONCRETE = `[Unit]
Description=an app's own unit
StartLimitIntervalSec=0
[Service]
Type=notify
NotifyAccess=exec
ExecStart=/usr/bin/holdfastd --name {name}
ExecStopPost=/usr/bin/holdfast -n {name} reap
KillMode=process
FileDescriptorStoreMax=64
RuntimeDirectory=holdfast/{name}
RuntimeDirectoryPreserve=restart
StateDirectory=holdfast/{name}
Restart=on-failure
RestartForceExitStatus=75
SuccessExitStatus=75
`;

const wsgi = (version: string): string => `
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "1")])
    return [b"${version}"]
`;

// Each goes on from where the one before it ended: the life of a package on one machine.
describeOnEachRelease("the .deb", (release) => {
  let container: Container;
  let web: WebService;
  let native: WebService;

  before(async () => {
    container = await bootForPackages(release);
  });
  after(() => container?.[Symbol.asyncDispose]());

  const dpkgState = (): Promise<string> => container.sh(`dpkg-query -W -f '${STATE}' holdfast`);
  const units = (): Promise<string> =>
    container.sh("systemctl list-units --all --plain --no-legend 'holdfast*' | grep -v '^system-' || true");

  it("is installed by apt, starts nothing and has no conffiles", async () => {
    await aptInstall(container, await buildPackage("deb"));
    assert.equal(await dpkgState(), `ii ${OWN_VERSION}`);
    assert.equal(await units(), "");
    assert.equal(await container.sh(`dpkg-query -W -f '${CONFFILES}' holdfast`), "");
    assert.equal(await container.sh("pgrep -x holdfastd || true"), "");
    assert.equal(await container.sh("ls -A /etc/holdfast"), "");
    hasCollection(await container.sh("dpkg -L holdfast"));
  });

  it("the README's steps bring an app to serve, and its next version", async () => {
    const [, steps = ""] = await blocksOf("README.md", "Use it for a service", "sh");
    const [init = "", doctor = "", enable = "", reload = ""] = steps.split("\n");
    await container.write("/srv/web/app.py", wsgi("1"));
    for (const step of [init, doctor, enable]) await container.sh(step);
    assert.equal(await container.sh("curl -sS http://127.0.0.1:8080/"), "1");
    await container.write("/srv/web/app.py", wsgi("2"));
    await container.sh(reload);
    await settled(container, "web");
    assert.equal(await container.sh("curl -sS http://127.0.0.1:8080/"), "2");
    await container.sh(`${enable.replace("enable", "disable")}
      rm -r /srv/web /etc/holdfast/web.toml /etc/systemd/system/holdfast@web.socket /var/lib/holdfast/web /var/cache/holdfast/web`);
  });

  it("an instance and a unit of another name serve, enabled by the README's command", async () => {
    web = await startInstance(container, "node");
    native = await startInstance(container, "lines");
    assert.equal(await container.sh(`curl -sS http://${web.address}/`), "v1");
    await container.write("/etc/systemd/system/shop.service", CONCRETE.replaceAll("{name}", "shop"));
    await container.sh(
      `sed 's/${web.port}/8999/; s/workers = 2/workers = 1/' /etc/holdfast/${web.name}.toml > /etc/holdfast/shop.toml
       systemctl daemon-reload && systemctl start shop`,
    );
    assert.equal(await container.sh("curl -sS http://127.0.0.1:8999/"), "v1");
  });

  it("journalctl -x explains what happened", async () => {
    const explained = await container.sh(
      `journalctl -q -u ${web.unit} HOLDFAST_EVENT=generation-active -o verbose | grep -o 'MESSAGE_ID=.*' | cut -d= -f2`,
    );
    const catalogue = await container.sh(`journalctl --list-catalog ${explained}`);
    assert.match(catalogue, /generation/i);
  });

  it("manual pages and completions are where their readers look", async () => {
    for (const page of [
      "1 holdfast",
      "5 holdfast.toml",
      "7 holdfast-worker",
      "8 holdfastd",
      "8 holdfast-web",
    ]) {
      await container.sh(`man -w ${page}`);
    }
    const complete = `. /usr/share/bash-completion/bash_completion; . /usr/share/bash-completion/completions/holdfast
      COMP_WORDS=(holdfast sta); COMP_CWORD=1; _holdfast; echo "\${COMPREPLY[@]}"`;
    assert.equal(await container.sh(`bash -c '${complete}'`), "status");
  });

  it("what Prometheus and Grafana are given is there", async () => {
    await container.sh(
      "cd /usr/share/holdfast/monitoring && test -s alerts.yml -a -s prometheus.yml -a -s dashboard.json",
    );
  });

  it("the page is there when its socket is enabled: as a user of its own, which sees who lets it look, and acts on none", async () => {
    assert.equal(await container.sh("systemctl is-enabled holdfast-web.socket || true"), "disabled");
    await container.sh("systemctl enable --now holdfast-web.socket");
    const url = `http://127.0.0.1:9190/i/${web.name}`;
    assert.match(await container.sh(`curl -sS ${url}`), /only root, the user of the service/);
    await container.sh(`printf '[control]\\nviewers = "holdfastweb"\\n' >> /etc/holdfast/${web.name}.toml
      holdfast -n ${web.name} upgrade`);
    await waitUntil("what a viewer may see", DEADLINE_MS, async () => {
      return /generation 2, \d workers? ready/.test(await container.sh(`curl -sS ${url}`));
    });
    const user = `stat -c %U /proc/$(systemctl show -P MainPID holdfast-web.service)`;
    assert.equal(await container.sh(user), "holdfastweb");
    const exposure = async (unit: string): Promise<number> => {
      const said = await container.sh(`systemd-analyze security --no-pager ${unit} | grep -o 'level for.*'`);
      return Number(/: ([\d.]+) /.exec(said)?.[1]);
    };
    assert.ok((await exposure("holdfast-web.service")) <= (await exposure(web.unit)));

    await container.write("/etc/holdfast-web.toml", "[web]\nactions = true\n");
    await container.sh("systemctl restart holdfast-web.service");
    const act = `curl -sS -X POST http://127.0.0.1:9190/api/act/${web.name}/upgrade`;
    assert.match(await container.sh(act), /"no-token"/);
    const byToken = `${act} -H "Authorization: Bearer $(holdfast web-token)"`;
    assert.match(await container.sh(byToken), /"permission-denied".*control\.operators/);
    assert.equal(await container.sh("stat -c '%U %a' /var/lib/holdfast-web/token"), "holdfastweb 600");
    await container.sh("rm /etc/holdfast-web.toml");

    const dropIn = "/run/systemd/system/holdfast-web.service.d";
    await container.write(
      `${dropIn}/idle.conf`,
      "[Service]\nExecStart=\nExecStart=/usr/bin/holdfast-web --idle 500ms\n",
    );
    await container.sh("systemctl daemon-reload && systemctl restart holdfast-web.service");
    await waitUntil("its end when nobody comes", DEADLINE_MS, async () => {
      return (await container.show("holdfast-web.service", "ActiveState")) === "inactive";
    });
    await container.sh(`rm -r ${dropIn} && systemctl daemon-reload`);
    assert.match(await container.sh(`curl -sS ${url}`), /generation 2/);
  });

  it("an app imports and requires the library of the package", async () => {
    await container.sh(
      "mkdir -p /srv/linked/node_modules && ln -s /usr/lib/holdfast /srv/linked/node_modules/holdfast",
    );
    const say = "console.log(typeof h.serve)";
    const run = (where: string, more: string): Promise<string> => container.sh(`cd ${where} && ${more}`);
    const esm = `node --input-type=module -e 'import * as h from "holdfast"; ${say}'`;
    const cjs = `node -e 'const h = require("holdfast"); ${say}'`;
    assert.equal(await run("/srv/linked", esm), "function");
    assert.equal(await run("/srv/linked", cjs), "function");
    assert.equal(await run("/srv/linked", `node --import holdfast/register -p 1`), "1");
    // Debian's Node looks there by itself.
    const path = release === "bookworm" ? "NODE_PATH=/usr/share/nodejs " : "";
    assert.equal(await run("/opt", path + cjs), "function");
  });

  it("the daemon speaks to systemd by the addon of this Node, or says that it does not", async () => {
    const abi = await container.sh("node -p process.versions.modules");
    const daemon = await web.mainPid();
    const loaded = await container.sh(`grep -o '/[^ ]*notify.node' /proc/${daemon}/maps | sort -u`);
    assert.match(loaded, new RegExp(`node-v${abi}-linux-[a-z0-9]+/notify\\.node$`));
  });

  it("an upgrade of the package replaces every daemon under load; workers stay, what was stopped stays stopped", async () => {
    await container.sh("systemctl enable holdfast@idle");
    // Its app cannot be started, and is tried again and again.
    await container.write(
      "/etc/holdfast/down.toml",
      'command = ["/bin/false"]\n[listeners.http]\naddress = "127.0.0.1:8998"\n',
    );
    await assert.rejects(container.sh("systemctl start holdfast@down"));
    const others = [native.mainPid(), container.show("shop.service", "MainPID").then(Number)];
    const before = await Promise.all(others);
    const workers = workerPids(await native.settled());
    const next = await buildPackage("deb", NEXT_VERSION);
    await survivesUpgrade(web, () => aptInstall(container, next));
    assert.equal(await dpkgState(), `ii ${NEXT_VERSION}`);
    assert.notEqual(await native.mainPid(), before[0]);
    assert.deepEqual(workerPids(await native.settled()), workers);
    assert.notEqual(Number(await container.show("shop.service", "MainPID")), before[1]);
    assert.equal(await container.sh("curl -sS http://127.0.0.1:8999/"), "v1");
    assert.equal(await container.show("holdfast@idle.service", "ActiveState"), "inactive");
    await waitUntil("the next version at each attempt", DEADLINE_MS, async () => {
      const { stdout } = await container.exec(["holdfast", "-n", "down", "version"]);
      return stdout.includes(`holdfastd ${NEXT_VERSION} `);
    });
    await container.sh("systemctl stop holdfast@down");
  });

  it("after it the app is upgraded by the new daemon, and nothing is lost", async () => {
    await losesNothing(web, () => web.must("reload"));
    assert.equal(versionOf(await web.settled()), "v2");
  });

  it("a downgrade is an upgrade to what was before", async () => {
    const workers = workerPids(await web.settled());
    await losesNothing(web, async () => aptInstall(container, await buildPackage("deb")));
    assert.equal((await web.status()).version, OWN_VERSION);
    assert.deepEqual(workerPids(await web.settled()), workers);
  });

  if (release === "trixie") {
    it("a version whose daemon does not start fails loudly, the workers serve on, and a good version heals it", async () => {
      const bad = await changeDeb(
        await buildPackage("deb"),
        "0.1.2",
        "usr/lib/holdfast/dist/daemon.js",
        () => "#!/usr/bin/node\nprocess.exit(1);\n",
      );
      const workers = workerPids(await web.settled());
      await losesNothing(web, async () => {
        await assert.rejects(aptInstall(container, bad), /no new daemon/);
        assert.equal(await dpkgState(), "iF 0.1.2");
        await aptInstall(container, await buildPackage("deb", NEXT_VERSION));
      });
      assert.equal(await dpkgState(), `ii ${NEXT_VERSION}`);
      assert.deepEqual(workerPids(await web.settled()), workers);
      assert.equal(await container.show("shop.service", "ActiveState"), "active");
    });
  }

  it("removing it stops every instance and leaves state and config; purging removes the state", async () => {
    await aptRemove(container, "remove", "holdfast");
    for (const unit of [web.unit, native.unit, "shop.service"]) {
      await waitUntil(
        `${unit} stopped`,
        10_000,
        async () => (await container.show(unit, "ActiveState")) !== "active",
      );
      assert.deepEqual(await container.pidsIn(unit), []);
    }
    const left = `test -e /var/lib/holdfast/${web.name}/state.json && test -e /etc/holdfast/${web.name}.toml`;
    await container.sh(left);
    await aptRemove(container, "purge", "holdfast");
    const found =
      "find / -xdev -name '*holdfast*' -not -path '/proc/*' -not -path '/sys/*' -not -path '/root/*'";
    const remains = await container.sh(
      `${found} -not -path '/srv/*' -not -path '/opt/*' -not -path '/node_modules/*' | sort`,
    );
    assert.deepEqual(
      remains.split("\n").filter((path) => !path.startsWith("/run/") && !path.startsWith("/var/log/")),
      ["/etc/holdfast"],
    );
  });
});
