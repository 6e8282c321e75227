import assert from "node:assert/strict";
import { dirname } from "node:path";
import * as v from "valibot";
import { waitUntil } from "../harness/container/wait-until.js";
import { onEachRelease } from "../harness/service/promise.js";
import { SOCKET, type WebService } from "../harness/service/web-service.js";

/** All that `holdfast doctor --json` says, and nothing else. */
const reply = v.strictObject({
  instances: v.array(
    v.strictObject({
      name: v.string(),
      unit: v.string(),
      config: v.string(),
      findings: v.array(
        v.strictObject({
          check: v.string(),
          level: v.picklist(["problem", "note"]),
          message: v.string(),
          remedy: v.nullable(v.strictObject({ where: v.string(), lines: v.array(v.string()) })),
        }),
      ),
    }),
  ),
});

const FILE = "/root/candidate.toml";

/** A config that would be good, but for what `spoil` makes of it. */
async function propose(web: WebService, spoil = (text: string): string => text): Promise<void> {
  await web.container.write(FILE, spoil(await web.container.read(`/etc/holdfast/${web.name}.toml`)));
}

async function examine(web: WebService) {
  const argv = ["holdfast", "doctor", "--json", "--config", FILE, web.name] as const;
  const { code, stdout, stderr } = await web.container.exec(argv);
  const [instance, ...others] = v.parse(reply, JSON.parse(stdout)).instances;
  assert.ok(instance !== undefined && others.length === 0);
  assert.deepEqual([instance.name, instance.unit, instance.config], [web.name, web.unit, FILE]);
  const problems = instance.findings.filter(({ level }) => level === "problem");
  assert.deepEqual([code, stderr !== ""], problems.length === 0 ? [0, false] : [1, true], stdout + stderr);
  return problems;
}

/** All that an instance has on disk and in systemd, and who runs. */
function stateOf({ container, name, unit }: WebService): Promise<string> {
  const folders = `/etc/holdfast /etc/systemd/system /run/holdfast /var/lib/holdfast/${name} /srv/${name}`;
  return container.sh(
    `find ${folders} -printf '%p %y %s %T@ %u %m\\n' | sort
     systemctl show -p ActiveState,MainPID,NRestarts,StateChangeTimestamp,TriggeredBy ${unit}
     cat "$(systemctl show -P ControlGroup ${unit} | sed 's,^,/sys/fs/cgroup,')/cgroup.procs" 2>/dev/null || true`,
  );
}

/** What is wrong, the check that has to find it, and what its message or its remedy has to name. */
const MISTAKES: readonly (readonly [
  what: string,
  spoil: (text: string) => string,
  check: string,
  told: RegExp,
])[] = [
  ["no TOML", (text) => `command = [\n${text}`, "config", /candidate\.toml:\d+/],
  ["a key that nobody knows", (text) => `worker = 2\n${text}`, "config", /candidate\.toml:1.*worker/],
  [
    "a command that is not there",
    (text) => text.replace("/usr/bin/node", "/usr/bin/nod"),
    "missing",
    /\/usr\/bin\/nod.*candidate\.toml/,
  ],
  [
    "a release that is not there",
    (text) => text.replace("/current", "/latest"),
    "missing",
    /\/latest.*candidate\.toml/,
  ],
  [
    "a listener that nobody passes",
    (text) => `${text}\n[listeners.admin]\n`,
    "listener-without-socket",
    /admin.*candidate\.toml/,
  ],
];

onEachRelease("doctor, asked about a config that is not in place", (promise) => {
  promise(
    "a good one has no problem, and looking at it or at a bad one changes nothing of what runs",
    { app: "node", socket: SOCKET },
    async (web) => {
      await web.must("start");
      await web.settled();
      await propose(web, (text) => text.replace('timeout = "20s"', 'timeout = "25s"'));
      const before = await stateOf(web);
      assert.deepEqual(await examine(web), []);
      await propose(web, (text) => `worker = 2\n${text}`);
      assert.equal((await examine(web)).length, 1);
      assert.equal(await stateOf(web), before);
    },
  );

  promise(
    "each mistake is found before it is in place, with the name of its file, be the instance running or not",
    { app: "node", socket: SOCKET },
    async (web) => {
      for (const runs of [false, true]) {
        if (runs) await web.must("start");
        for (const [what, spoil, check, told] of MISTAKES) {
          await propose(web, spoil);
          const problems = await examine(web);
          assert.deepEqual(
            problems.map((one) => one.check),
            [check],
            what,
          );
          assert.match(JSON.stringify(problems), told, what);
        }
      }
    },
  );

  promise("an instance that has no config yet can be asked about", { app: "node" }, async (web) => {
    await propose(web);
    await web.container.sh(`rm /etc/holdfast/${web.name}.toml`);
    assert.equal((await web.container.exec(["holdfast", "doctor", web.name])).code, 3);
    assert.deepEqual(await examine(web), []);
  });

  promise(
    "a new listener whose port another process has is a problem, and those that the daemon has are none",
    { app: "node" },
    async (web) => {
      const { container, port } = web;
      const taken = port + 1;
      await web.must("start");
      await container.sh(
        `systemd-run -q --unit=taker-${web.name} --service-type=exec /usr/bin/node -e 'require("net").createServer().listen(${taken}, "127.0.0.1")'`,
      );
      await waitUntil("the port taken", 10_000, async () =>
        (await container.sh(`ss -Hltn 'sport = :${taken}'`)).includes(String(taken)),
      );
      await propose(web, (text) => `${text}\n[listeners.admin]\naddress = "127.0.0.1:${taken}"\n`);
      const [problem, ...others] = await examine(web);
      assert.deepEqual([problem?.check, others], ["address-taken", []]);
      assert.match(problem?.message ?? "", new RegExp(`:${taken} is taken: node, .* of taker-${web.name}`));
      assert.match(problem?.remedy?.lines.join() ?? "", new RegExp(`systemctl reload ${web.unit}`));
      await container.sh(`systemctl stop taker-${web.name}`);
      assert.deepEqual(await examine(web), []);
    },
  );

  promise(
    "people read which file was looked at, and what is wrong with the call",
    { app: "node" },
    async (web) => {
      const { container, name } = web;
      await propose(web);
      const said = await container.sh(`cd ${dirname(FILE)}; holdfast doctor ${name} --config candidate.toml`);
      assert.match(
        said,
        new RegExp(`^${name} \\(${web.unit}, with candidate\\.toml\\): no problem found$`, "m"),
      );
      const missing = await container.exec(["holdfast", "doctor", name, "--config", "/root/no-such.toml"]);
      assert.equal(missing.code, 1);
      assert.match(missing.stdout, /\/root\/no-such\.toml: there is no such file/);
      const nameless = await container.exec(["holdfast", "doctor", "--config", FILE]);
      assert.deepEqual([nameless.code, nameless.stdout], [2, ""]);
      assert.match(nameless.stderr, /the name of the instance/);
    },
  );
});
