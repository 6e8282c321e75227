import assert from "node:assert/strict";
import { after, before } from "node:test";
import type { Container } from "../harness/container/container.js";
import { describeOnReleases } from "../harness/container/each-release.js";
import { RELEASES } from "../harness/container/releases.js";
import { BUILDS, Fleet, SERVICE_VARIABLES, tarballOf } from "../harness/fleet/fleet.js";
import { GitRepository } from "../harness/fleet/git-repository.js";
import { METRICS_PORT } from "../harness/fleet/host.js";
import { ImageRegistry } from "../harness/fleet/image-registry.js";
import { CONTROLLER_ADDRESS } from "../harness/fleet/network.js";
import { Playbook, RUN_TIMEOUT_MS, type Variables } from "../harness/fleet/playbook.js";
import { bring } from "../harness/packages/boot.js";
import { buildExample, type Flaw } from "../harness/packages/build-example.js";
import { buildPackage } from "../harness/packages/build-package.js";
import { ExampleService } from "../harness/packages/example-service.js";
import { story } from "../harness/packages/story.js";
import { askStatus, settled } from "../harness/service/ask-status.js";
import { type Asked, losesNothing } from "../harness/service/under-load.js";

/** A controller and one host: one release, unless the run names another one. */
const RELEASE = RELEASES.length === 1 ? RELEASES : (["trixie"] as const);

/** The role by itself, as in a playbook of the user's own. */
const SITE = "/root/site.yml";
const SITE_PLAYBOOK = `- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.import_role: { name: holdfast.holdfast.service }
`;
const CHECK = ["--check", "--diff"];
/** Of runs in one step. */
const MOST_RUNS = 5;

/** All that a run could leave on a host, but for the temporary files of Ansible, what the daemon writes, and what git has noted of a fetch. */
const LOOK = `find /etc /opt /root /srv /usr /var/cache -path /srv/web/repository/.git -prune -o \\
  -type d -printf '%p\\n' -o -printf '%p %s %T@ %l\\n' | grep -v '^/var/cache/apt'`;

/** What git has; only in its index `git status` notes that it has looked. */
const LOOK_AT_GIT = "find /srv/web/repository/.git -type f ! -name index -printf '%p %s %T@\\n' | sort";

const BOX = {
  holdfast_name: "box",
  holdfast_config: SERVICE_VARIABLES.holdfast_config
    .replace('["/usr/bin/node", "native.mjs"]', '["/bin/sh", "run"]')
    .replace("/srv/web", "/srv/box")
    .replace(`:${METRICS_PORT}`, ":9465")
    .replace('share = "50%"\n', "") // of native workers only
    .replace(":8080", ":8081"),
  holdfast_sockets: { http: "0.0.0.0:8081" },
  // As it is by default, but that the images have no programs.
  holdfast_run: `#!/bin/sh
exec podman run --rm --replace --name "$HOLDFAST_NAME-$HOLDFAST_GENERATION-$HOLDFAST_WORKER" \\
  --init --sdnotify=container --cgroups=disabled --network=none --read-only -v /usr:/usr:ro "$(cat image)"`,
};

describeOnReleases("releases of every kind, deployed by the Ansible collection", RELEASE, (release) => {
  const step = story();
  let fleet: Fleet;
  let host: Container;
  let holdfast: string;

  before(async () => {
    holdfast = await buildPackage("deb");
    fleet = await Fleet.bootBare(release, 1);
    host = fleet.host(1).container;
    await fleet.controller.write(SITE, SITE_PLAYBOOK);
    holdfast = await bring(fleet.controller, holdfast);
  });
  after(() => fleet?.[Symbol.asyncDispose]());

  const roll = (variables: Variables) => fleet.run("roll", variables);
  const deploy = (variables: Variables, options: readonly string[] = []) =>
    new Playbook(fleet.controller, SITE, variables, options);

  const disk = async () => (await host.sh(LOOK)).split("\n");
  const asked = (port: number) => ({ container: host, address: `127.0.0.1:${port}` });
  const answer = async () => {
    await settled(host, "web");
    return host.sh("curl -sS http://127.0.0.1:8080/");
  };

  /** Its clients ask until all runs are over, however long these take. */
  const losesNothingInRuns = (service: Asked, runs: () => Promise<unknown>) =>
    losesNothing(service, runs, { durationMs: MOST_RUNS * RUN_TIMEOUT_MS });

  /** The number of the newest generation: it stays where nothing has been tried. */
  async function newest(name: string): Promise<number> {
    const status = await askStatus(host, name);
    assert.ok(status.ok);
    return Math.max(...status.value.generations.map(({ id }) => id));
  }

  async function changesNothing(run: () => Promise<string>): Promise<void> {
    const before = new Set(await disk());
    const said = await run();
    const after = new Set(await disk());
    const gone = [...before].filter((entry) => !after.has(entry));
    const come = [...after].filter((entry) => !before.has(entry));
    assert.deepEqual({ gone, come }, { gone: [], come: [] }, said);
  }

  async function isUnchanged(name: string, run: () => Promise<string>): Promise<void> {
    const before = await newest(name);
    await changesNothing(run);
    assert.equal(await newest(name), before);
  }

  step(
    "a host that has nothing gets Holdfast, config, units and the app out of a directory, and check mode only says so",
    async () => {
      const version = await fleet.build();
      await fleet.controller.sh(
        `mkdir ${BUILDS}/app && tar --extract --file ${tarballOf(version)} --directory ${BUILDS}/app`,
      );
      const everything = {
        ...SERVICE_VARIABLES,
        holdfast_package: holdfast,
        holdfast_release: { directory: `${BUILDS}/app` },
      };
      await changesNothing(() => deploy(everything, CHECK).succeeds());
      await roll(everything).succeeds();
      assert.equal(await answer(), version);
      await host.sh("dpkg-query --status holdfast && systemctl is-enabled holdfast@web.service");
      await isUnchanged("web", () => deploy({ ...everything, holdfast_package: "holdfast" }).succeeds());
    },
  );

  step(
    "a branch of a git repository: what it is now serves, check mode only says so, and nothing is done where it has not moved",
    async () => {
      const repository = await GitRepository.create(fleet);
      const main = { holdfast_release: { git: { repo: repository.url, version: "main" } } };
      const versions = [await answer(), await fleet.build(), await fleet.build()];
      const [, first = "", second = ""] = versions;
      const report = await losesNothingInRuns(asked(8080), async () => {
        await repository.commit(tarballOf(first));
        await isUnchanged("web", () => deploy(main, CHECK).succeeds());
        await roll(main).succeeds();
        await isUnchanged("web", () => deploy(main).succeeds());
        await repository.commit(tarballOf(second));
        const before = await host.sh(LOOK_AT_GIT);
        await isUnchanged("web", () => deploy(main, CHECK).succeeds());
        assert.equal(await host.sh(LOOK_AT_GIT), before);
        await deploy(main).succeeds();
      });
      assert.deepEqual(Object.keys(report.versions), versions);
      assert.equal(await answer(), second);
      assert.equal(await host.sh("find /srv/web/releases -name .git"), "");
    },
  );

  step(
    "a config that the doctor refuses, and another address for the socket of a service that runs, replace nothing",
    async () => {
      const look =
        "readlink /srv/web/current; cat /etc/holdfast/web.toml /etc/systemd/system/holdfast@web.socket";
      const before = [await host.sh(look), await newest("web")];
      const refused: [Variables, RegExp][] = [
        [
          { holdfast_config: SERVICE_VARIABLES.holdfast_config.replace("/usr/bin/node", "/usr/bin/nope") },
          /\/usr\/bin\/nope/,
        ],
        [
          { holdfast_sockets: { http: "0.0.0.0:8090" } },
          /holdfast@web.socket is another one, and keeps its address/,
        ],
      ];
      for (const [more, why] of refused) {
        // It is there already, and not what serves.
        const holdfast_release = { directory: `${BUILDS}/app` };
        assert.match(await deploy({ ...SERVICE_VARIABLES, holdfast_release, ...more }).fails(), why);
        assert.deepEqual([await host.sh(look), await newest("web")], before);
      }
    },
  );

  step("a tarball of a web server is downloaded by the host", async () => {
    await fleet.controller.sh(
      `systemd-run --quiet python3 -m http.server --bind ${CONTROLLER_ADDRESS} --directory ${BUILDS} 8000`,
    );
    const version = await fleet.build();
    const tarball = `http://${CONTROLLER_ADDRESS}:8000/${tarballOf(version).slice(BUILDS.length + 1)}`;
    await losesNothingInRuns(asked(8080), () =>
      deploy({ holdfast_release: { tarball }, holdfast_version: version }).succeeds(),
    );
    assert.equal(await answer(), version);
  });

  const missing: [string, Variables, RegExp][] = [
    [
      "a directory that is not there",
      { directory: "srv/nope" },
      /cannot deploy srv\/nope: there is no such directory/,
    ],
    [
      "a tarball that is not there",
      { tarball: "/srv/nope.tgz" },
      /cannot deploy \/srv\/nope.tgz: there is no such file/,
    ],
    ["a tarball that is none", { tarball: SITE }, /cannot deploy \/root\/site.yml: .*not handle archive/],
    [
      "a URL with nothing behind it",
      { tarball: `http://${CONTROLLER_ADDRESS}:8000/nope.tgz` },
      /cannot deploy http:.*nope.tgz: .*404/,
    ],
    [
      "a ref that is not there",
      { git: { repo: `deploy@${CONTROLLER_ADDRESS}:web.git`, version: "nope" } },
      /cannot deploy nope of deploy@.*web.git: .*pathspec 'nope'/,
    ],
    ["a package that is none", { deb: "/srv/nope.deb" }, /cannot deploy \/srv\/nope.deb: .*nvalid archive/],
    [
      "an image that is not there",
      { image: `${CONTROLLER_ADDRESS}:5000/web:nope` },
      /cannot deploy .*:5000\/web:nope: .*manifest/,
    ],
  ];

  step(
    "the .deb of an app is installed and upgraded; with a bad one the run fails, and the service goes back",
    async () => {
      const chat = new ExampleService(host, "chat");
      const bringChat = async (version: string, flaw?: Flaw) => ({
        holdfast_name: chat.name,
        holdfast_unit: chat.unit,
        holdfast_release: {
          deb: await bring(fleet.controller, await buildExample("deb", "chat", version, flaw)),
        },
      });
      await deploy(await bringChat("1")).succeeds();
      assert.equal(await chat.answer(), "1");
      const second = await bringChat("2");
      await losesNothingInRuns(chat, async () => {
        await isUnchanged(chat.name, () => deploy(second, CHECK).succeeds());
        await deploy(second).succeeds();
        assert.equal(await chat.answer(), "2");
        await isUnchanged(chat.name, () => roll(second).succeeds());
        const said = await roll(await bringChat("5", "crashes at boot")).fails();
        assert.match(
          said,
          /example-chat_5_all.deb: .*does not run the new version: .*still serving 2; went back: host1/,
        );
        assert.equal(await chat.answer(), "2");
      });
    },
  );

  step(
    "an image serves by its digest: where the tag has not moved nothing is done, and where it has it is upgraded",
    async () => {
      const registry = await ImageRegistry.start(fleet);
      const image = registry.nameOf("stable");
      const [first, second] = [await fleet.build(), await fleet.build()];
      const box = { ...BOX, holdfast_release: { image } };
      await registry.push(tarballOf(first), "stable");
      await deploy(box).succeeds();
      const report = await losesNothingInRuns(asked(8081), async () => {
        await isUnchanged("box", () => roll(box).succeeds());
        await registry.push(tarballOf(second), "stable");
        await deploy(box).succeeds();
      });
      assert.deepEqual(Object.keys(report.versions), [first, second]);
      assert.match(await host.read("/srv/box/current/image"), /^10\.77\.0\.1:5000\/web@sha256:[0-9a-f]{64}$/);
    },
  );

  for (const [what, holdfast_release, why] of missing) {
    step(`with ${what} the run fails, says what and why, and changes nothing`, async () => {
      await fleet.controller.sh("echo nonsense > /srv/nope.deb");
      await losesNothingInRuns(asked(8080), async () => {
        await isUnchanged("web", async () => {
          const version = "tarball" in holdfast_release ? "new" : "";
          const said = await deploy({ holdfast_release, holdfast_version: version }).fails();
          assert.match(said, why);
          return said;
        });
      });
    });
  }
});
