import assert from "node:assert/strict";
import { dirname } from "node:path";
import * as v from "valibot";
import { waitUntil } from "../harness/container/wait-until.js";
import { onEachRelease } from "../harness/service/promise.js";
import { losesNothing } from "../harness/service/under-load.js";
import { SOCKET, type WebService } from "../harness/service/web-service.js";

const reply = v.object({
  instances: v.array(
    v.object({
      name: v.string(),
      unit: v.string(),
      findings: v.array(
        v.object({
          check: v.string(),
          level: v.picklist(["problem", "note"]),
          message: v.string(),
          remedy: v.nullable(v.object({ where: v.string(), lines: v.array(v.string()) })),
        }),
      ),
    }),
  ),
});

async function examine(web: WebService, target = web.name) {
  const { code, stdout, stderr } = await web.container.exec(["holdfast", "doctor", target, "--json"]);
  assert.ok(code === 0 || code === 1, `status ${code}: ${stderr}`);
  const [instance] = v.parse(reply, JSON.parse(stdout)).instances;
  assert.ok(instance !== undefined);
  const problems = instance.findings.filter(({ level }) => level === "problem");
  assert.equal(code, problems.length === 0 ? 0 : 1, stdout);
  return { ...instance, problems, checks: problems.map(({ check }) => check).sort() };
}

/** Each setting broken, and the check that has to find it. */
const BROKEN: readonly (readonly [section: "Unit" | "Service", line: string, check: string])[] = [
  ["Unit", "StartLimitIntervalSec=10s", "start-limit"],
  ["Service", "Type=exec", "type"],
  ["Service", "NotifyAccess=main", "notify-access"],
  ["Service", "KillMode=mixed", "kill-mode"],
  ["Service", "FileDescriptorStoreMax=6", "fd-store"],
  ["Service", "RuntimeDirectoryPreserve=no", "runtime-directory-preserve"],
  ["Service", "StateDirectory=", "state-directory"],
  ["Service", "OOMPolicy=stop", "oom-policy"],
  ["Service", "Restart=no", "restart"],
  ["Service", "RestartForceExitStatus=", "reexec-status"],
  ["Service", "SuccessExitStatus=", "success-status"],
  ["Service", "RestartPreventExitStatus=", "config-status"],
  ["Service", "WatchdogSec=0", "watchdog"],
  ["Service", "TimeoutStartSec=5s", "timeout-start"],
  ["Service", "TimeoutStopSec=5s", "timeout-stop"],
  ["Service", "ExecReload=", "exec-reload"],
  ["Service", "ExecStopPost=", "exec-stop-post"],
];

onEachRelease("init and doctor", (promise) => {
  promise("what init has written serves after the command that it prints", { app: "node" }, async (web) => {
    const { container } = web;
    await container.sh(`rm /etc/holdfast/${web.name}.toml`);
    const init = `cd /srv/${web.name}/current && holdfast init ${web.name} --listen ${web.address} --listen admin=127.0.0.1:${web.port + 1} --workers 2 -- /usr/bin/node server.js`;
    const printed = await container.sh(init);
    const before = await examine(web);
    assert.deepEqual(before.problems, []);
    const next = printed.split("\n").find((line) => line.includes("systemctl enable --now")) ?? "";
    await container.sh(next);
    assert.equal(await container.sh(`curl -sS http://127.0.0.1:${web.port + 1}/`), "v1");
    assert.deepEqual((await examine(web)).problems, []);
    await losesNothing(web, () => web.must("restart"));
    // Stopped and started, boot or no boot: the socket units keep the clients waiting.
    await web.must("stop");
    const waiting = container.sh(`curl -sS -m20 http://${web.address}/`);
    await web.must("start");
    assert.equal(await waiting, "v1");

    const files = `/etc/holdfast/${web.name}.toml /etc/systemd/system/${web.socketUnit}`;
    const state = await container.sh(`stat -c '%a %i %Z' ${files}`);
    assert.match(state, /^644 .*\n644 /);
    const again = await container.exec(["/bin/sh", "-c", init]);
    assert.equal(again.code, 1);
    assert.match(
      again.stderr,
      new RegExp(`/etc/holdfast/${web.name}\\.toml: it exists already; nothing was changed`),
    );
    assert.equal(await container.sh(`stat -c '%a %i %Z' ${files}`), state);
    await container.sh(
      `systemctl disable --now ${next.replace(/^.*--now /, "")}; rm /etc/systemd/system/holdfast-${web.name}-admin.socket`,
    );
  });

  promise(
    "an ordinary Node app gets the preload from init and serves; doctor has the line for one without it",
    { app: "node" },
    async (web) => {
      const { container } = web;
      const file = `/etc/holdfast/${web.name}.toml`;
      await container.sh(`rm ${file}; mkdir /srv/${web.name}/ordinary`);
      const app = `require("node:http").createServer((_, answer) => answer.end("ordinary")).listen(${web.port}, "127.0.0.1")`;
      await container.write(`/srv/${web.name}/ordinary/server.js`, app);
      const init = `cd /srv/${web.name}/ordinary && holdfast init ${web.name} --no-socket --listen ${web.address} -- node server.js`;
      assert.match(await container.sh(init), /note: the app opens its own port: with --import \S*register/);
      assert.deepEqual((await examine(web)).problems, []);
      await web.must("start");
      assert.equal(await container.sh(`curl -sS http://${web.address}/`), "ordinary");
      await web.must("reload");
      await container.sh(`sed -i 's/"--import", "[^"]*", //' ${file}`);
      const { problems, checks } = await examine(web);
      assert.deepEqual(checks, ["no-preload"]);
      assert.match(
        problems[0]?.remedy?.lines.join("") ?? "",
        /"node","--import","holdfast\/register","server\.js"/,
      );
      const { code, stderr } = await web.cli("upgrade");
      assert.equal(code, 1);
      assert.match(
        stderr,
        /EADDRINUSE[\s\S]*the app opens 127\.0\.0\.1:\d+ itself, which is open already as the listener http/,
      );
    },
  );

  promise("init without a socket unit: the daemon listens", { app: "node" }, async (web) => {
    const { container } = web;
    await container.sh(`rm /etc/holdfast/${web.name}.toml`);
    const printed = await container.sh(
      `holdfast init ${web.name} --no-socket --listen ${web.address} --release /srv/${web.name}/current -- /usr/bin/node server.js`,
    );
    assert.doesNotMatch(printed, /\.socket/);
    await web.must("start");
    assert.equal(await container.sh(`curl -sS http://${web.address}/`), "v1");
    assert.deepEqual((await examine(web)).problems, []);
  });

  promise(
    "what init is told to share the app may write, and doctor finds it where it may not",
    { app: "node" },
    async (web) => {
      const { container } = web;
      const release = `/srv/${web.name}/current`;
      await container.sh(`rm /etc/holdfast/${web.name}.toml; mkdir ${release}/uploads`);
      const printed = await container.sh(
        `holdfast init ${web.name} --no-socket --listen ${web.address} --release ${release} --shared uploads -- /usr/bin/node server.js`,
      );
      const dropIn = `/etc/systemd/system/${web.unit}.d/shared.conf`;
      const text = await container.read(dropIn);
      await container.sh(`rm ${dropIn}; systemctl daemon-reload`);
      assert.deepEqual((await examine(web)).checks, ["shared", "shared-sandbox"]);
      await container.write(dropIn, text);
      await container.sh("systemctl daemon-reload");
      for (const command of printed
        .split("\n")
        .filter((line) => / {2}(chown|systemctl start|systemctl enable)/.test(line)))
        await container.sh(command);
      assert.deepEqual((await examine(web)).problems, []);
      const { pid } = (await web.settled()).workers[0] ?? {};
      await container.sh(
        `nsenter --target ${pid} --mount setpriv --reuid holdfast-${web.name} --clear-groups touch /var/lib/holdfast/${web.name}/releases/1/uploads/x`,
      );
      await container.sh(`test -e ${release}/uploads/x; systemctl disable ${web.unit}`);
    },
  );

  promise(
    "the shipped unit is clean, running or not; without a name every instance is looked at",
    { app: "node", socket: SOCKET },
    async (web) => {
      assert.deepEqual((await examine(web)).problems, []);
      await web.must("start");
      const { problems, unit } = await examine(web, web.unit);
      assert.deepEqual([problems, unit], [[], web.unit]);
      const { stdout } = await web.container.exec(["holdfast", "doctor"]);
      assert.match(stdout, new RegExp(`^${web.name} \\(${web.unit}\\): no problem found$`, "m"));
    },
  );

  promise(
    "each broken setting is found, and the line that doctor gives mends it",
    { app: "node" },
    async (web) => {
      const sections = (["Unit", "Service"] as const).map((section) => {
        const lines = BROKEN.filter(([where]) => where === section).map(([, line]) => line);
        return `[${section}]\n${lines.join("\n")}\n`;
      });
      await web.dropIn(sections.join(""));
      const { problems, checks } = await examine(web);
      assert.deepEqual(checks, BROKEN.map(([, , check]) => check).sort());
      for (const { remedy } of problems) {
        const [file, line] = remedy?.where.split(":") ?? [];
        assert.ok(
          file?.startsWith("/etc/systemd/system/") && remedy?.lines.length === 1,
          JSON.stringify(remedy),
        );
        await web.container.sh(`sed -i '${line}c\\${remedy.lines[0]}' '${file}'`);
      }
      await web.container.sh("systemctl daemon-reload");
      assert.deepEqual((await examine(web)).problems, []);
      await web.must("start");
    },
  );

  promise(
    "a unit of an app's own package is checked by its unit's name: without NonBlocking= it is a finding",
    { app: "node" },
    async (web) => {
      const { container } = web;
      const own = `own-${web.name}`;
      const file = `/etc/systemd/system/${own}.service`;
      await container.sh(
        `sed -e '/^NonBlocking=/d; s/%i/${web.name}/g; s/^Wants=.*/Wants=holdfast-user@${web.name}.service/' /usr/lib/systemd/system/holdfast@.service > ${file}`,
      );
      await container.write(
        `/etc/systemd/system/${own}.socket`,
        `[Socket]\nListenStream=${web.address}\nFileDescriptorName=http\n`,
      );
      await container.sh(`systemctl daemon-reload; systemctl start ${own}.socket ${own}.service`);
      const { checks, name } = await examine(web, `${own}.service`);
      assert.deepEqual([checks, name], [["non-blocking"], web.name]);
      // The instance's name means the unit that runs it.
      assert.equal((await examine(web)).unit, `${own}.service`);
      await container.sh(
        `systemctl stop ${own}.socket ${own}.service 2>/dev/null; rm ${file} ${dirname(file)}/${own}.socket`,
      );
    },
  );

  promise(
    "who has the port already is named, with its unit",
    { app: "node", socket: SOCKET },
    async (web) => {
      const { container } = web;
      await container.sh(`systemctl stop ${web.socketUnit}`);
      await container.sh(
        `systemd-run -q --unit=taker-${web.name} --service-type=exec /usr/bin/node -e 'require("net").createServer().listen(${web.port}, "127.0.0.1")'`,
      );
      await waitUntil(
        "the port taken",
        10_000,
        async () => (await container.sh(`ss -Hltn 'sport = :${web.port}'`)) !== "",
      );
      const { problems } = await examine(web);
      assert.deepEqual(
        problems.map(({ check }) => check),
        ["address-taken"],
      );
      assert.match(problems[0]?.message ?? "", new RegExp(`node, pid \\d+, of taker-${web.name}\\.service`));
      await container.sh(`systemctl stop taker-${web.name}`);
      assert.deepEqual((await examine(web)).problems, []);
    },
  );

  promise(
    "config mistakes, a release out of reach, and listeners that do not fit are found",
    { app: "node", socket: SOCKET.replace("http", "stray") },
    async (web) => {
      await web.configure({ listeners: "[listeners.http]\n" });
      assert.deepEqual((await examine(web)).checks, ["listener-without-socket", "socket-without-listener"]);
      await web.configure({ listeners: "[listeners.stray]\n" });
      await web.dropIn("[Service]\nUser=nobody\n");
      await web.container.sh(`chmod 700 /srv/${web.name}`);
      const { problems } = await examine(web);
      assert.deepEqual(
        problems.map(({ check }) => check),
        ["access"],
      );
      assert.match(problems[0]?.message ?? "", new RegExp(`nobody may not read /srv/${web.name},`));
      await web.container.sh(`chmod 755 /srv/${web.name}`);
      await web.configure({ more: "worker = 2" });
      const [mistake, ...others] = (await examine(web)).problems;
      assert.deepEqual([mistake?.check, others], ["config", []]);
      assert.match(mistake?.remedy?.where ?? "", new RegExp(`^/etc/holdfast/${web.name}\\.toml:\\d+$`));
    },
  );

  promise("what is not there is exit 3, and a slip of the pen exit 2", { app: "node" }, async (web) => {
    for (const [args, status] of [
      [["no-such"], 3],
      [["no-such.service"], 3],
      [["systemd-journald.service"], 3],
      [["--jsn"], 2],
    ] as const) {
      const { code, stdout, stderr } = await web.container.exec(["holdfast", "doctor", ...args]);
      assert.equal(code, status, `${args}: ${stdout}${stderr}`);
      assert.notEqual(stderr, "");
    }
  });
});
