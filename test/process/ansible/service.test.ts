import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Fleet } from "../../harness/process/ansible-fleet.js";

const role = "ansible.builtin.import_role: { name: holdfast.holdfast.service }";

test("a release that the config does not lead to is no success: the run says what to set, and nothing is started", async () => {
  await using fleet = new Fleet(1);
  await fleet.start();
  const [rig] = fleet.rigs;
  assert.ok(rig);
  const config = readFileSync(rig.configFile, "utf8");
  writeFileSync(rig.configFile, config.replace(/^release = .*$/m, `release = "${rig.releaseDirectory}"`));
  const release = {
    holdfast_release: { directory: fleet.release({ version: "2" }) },
    holdfast_version: 20260730,
  };
  for (const run of [() => fleet.play(role, release), () => fleet.run("roll", release)]) {
    const { status, output } = await run().ended;
    assert.equal(status, 2, output);
    assert.match(
      output,
      /the config's release leads to .*releases\/1, and .*releases\/20260730 was deployed: set/,
    );
    assert.equal((await rig.status()).generations.length, 1);
  }
  writeFileSync(rig.configFile, config);
  const { status, output } = await fleet.play(role, release).ended;
  assert.equal(status, 0, output);
  assert.deepEqual(await fleet.versions(), ["2"]);
  assert.match(rig.releaseDirectory, /releases\/20260730$/);
});

test("a version that cannot be the name of a release is refused before anything is fetched", async () => {
  await using fleet = new Fleet(1);
  await fleet.start();
  for (const version of ["release/1.5", ".", "-rf", "1.5\n", "x".repeat(65)]) {
    const release = { holdfast_release: { git: { repo: "/nowhere" } }, holdfast_version: version };
    const { status, output } = await fleet.play(role, release).ended;
    assert.equal(status, 2, output);
    assert.match(output, /cannot call a release .*: holdfast_version must have up to 64 of/s);
  }
});

test("an instance whose facts would be taken for a variable of the role is refused", async () => {
  await using fleet = new Fleet(1);
  for (const name of ["root", "config-mode"]) {
    const { status, output } = await fleet.play(role, { holdfast_name: name }).ended;
    assert.equal(status, 2, output);
    assert.match(output, /cannot deploy an instance of the name .*: holdfast_.* is a variable of the role/);
  }
});

/** What `holdfast doctor --json` finds: before, and with a new config. */
function pretendDoctor(fleet: Fleet, before: readonly string[], after: readonly string[]): string {
  const mode = join(fleet.directory, "mode");
  const say = (messages: readonly string[]): string => {
    const findings = messages.map((message) => ({
      check: "server",
      level: "problem",
      message,
      remedy: null,
    }));
    return `echo '${JSON.stringify({ instances: [{ findings }] })}'; exit ${messages.length === 0 ? 0 : 1}`;
  };
  fleet.replaceProgram(
    "doctor",
    `case $* in *--config*) stat --format %a "$4" > ${mode}; ${say(after)} ;; *) ${say(before)} ;; esac`,
  );
  return mode;
}

test("a config in which the doctor finds something new replaces nothing, and the link names what it named", async () => {
  await using fleet = new Fleet(1);
  await fleet.start();
  const [rig] = fleet.rigs;
  assert.ok(rig);
  const mode = pretendDoctor(fleet, ["no --fd"], ["no --fd", "no --preload"]);
  const before = readFileSync(rig.configFile, "utf8");
  const variables = {
    holdfast_release: { directory: fleet.release({ version: "2" }) },
    holdfast_config: `${before}# password\n`,
    holdfast_config_file: rig.configFile,
  };
  for (const run of [() => fleet.play(role, variables), () => fleet.run("roll", variables)]) {
    const { status, output } = await run().ended;
    assert.equal(status, 2, output);
    assert.match(output, /"msg": "no --preload"|: no --preload;/);
    assert.equal(readFileSync(rig.configFile, "utf8"), before);
    assert.match(readlinkSync(join(rig.directory, "current")), /releases\/1$/);
    assert.deepEqual(await fleet.versions(), ["1"]);
  }
  assert.equal(readFileSync(mode, "utf8"), "600\n");
  pretendDoctor(fleet, ["no --fd"], ["no --fd"]);
  fleet.replaceProgram(
    "systemctl",
    "case $1 in show) echo LoadState=loaded ;; is-enabled) echo enabled ;; esac",
  );
  const { status, output } = await fleet.play(role, variables, ["--diff"]).ended;
  assert.equal(status, 0, output);
  assert.doesNotMatch(output, /password/);
  assert.match(readFileSync(rig.configFile, "utf8"), /password/);
  assert.deepEqual(await fleet.versions(), ["2"]);
});

/** A repository with a branch of some versions, of which the first has a tag, and another branch with one. */
class Repository {
  readonly path: string;

  constructor(fleet: Fleet) {
    this.path = join(fleet.directory, "repository");
    mkdirSync(this.path);
    this.#git("init", "--quiet", "--initial-branch", "main");
    this.commit("2");
    this.#git("tag", "v2");
    this.commit("3");
    this.#git("checkout", "--quiet", "-b", "other");
    this.commit("4");
    this.#git("checkout", "--quiet", "main");
  }

  commit(version: string): void {
    writeFileSync(join(this.path, "puppet.json"), JSON.stringify({ version }));
    this.#git("add", ".");
    this.#git(
      "-c",
      "user.name=a",
      "-c",
      "user.email=a@example.com",
      "commit",
      "--quiet",
      "--message",
      version,
    );
  }

  commitOf(name: string): string {
    return this.#git("rev-parse", name).trim();
  }

  #git(...args: readonly string[]): string {
    return execFileSync("git", ["-C", this.path, ...args], { encoding: "utf8" });
  }
}

test("a branch, a tag and a commit are deployed in any order, and only root may read where they come from", async () => {
  await using fleet = new Fleet(1);
  await fleet.start();
  const [rig] = fleet.rigs;
  assert.ok(rig);
  const repository = new Repository(fleet);
  const deploy = async (version: string, options: readonly string[] = []) => {
    // By a URL, as from another machine: of a path git copies everything.
    const holdfast_release = { git: { repo: `file://${repository.path}`, version } };
    const { status, output } = await fleet.play(role, { holdfast_release }, options).ended;
    assert.equal(status, 0, output);
    return output;
  };
  await deploy("main");
  assert.deepEqual(await fleet.versions(), ["3"]);
  await deploy(repository.commitOf("v2").slice(0, 12));
  assert.deepEqual(await fleet.versions(), ["2"]);
  await deploy(repository.commitOf("other"));
  assert.deepEqual(await fleet.versions(), ["4"]);
  await deploy("v2");
  assert.deepEqual(await fleet.versions(), ["2"]);
  assert.deepEqual(readdirSync(rig.releaseDirectory), ["puppet.json"]);
  const clone = join(rig.directory, "repository");
  assert.equal(statSync(clone).mode & 0o777, 0o700);
  repository.commit("secret");
  const objects = () => execFileSync("find", [clone], { encoding: "utf8" }).split("\n").sort();
  const before = objects();
  assert.doesNotMatch(await deploy("main", ["--check", "--diff"]), /secret/);
  assert.deepEqual(objects(), before);
});

test("the token of an address is told nowhere", async () => {
  await using fleet = new Fleet(1);
  await fleet.start();
  for (const holdfast_release of [
    { git: { repo: "https://user:hush@127.0.0.1:1/web.git" } },
    { tarball: "https://user:hush@127.0.0.1:1/web.tgz" },
  ]) {
    const { status, output } = await fleet.play(role, { holdfast_release, holdfast_version: "5" }).ended;
    assert.equal(status, 2, output);
    assert.match(output, /cannot deploy .*https:\/\/127\.0\.0\.1:1\/web\.(git|tgz): .*(refused|connect)/);
    assert.doesNotMatch(output, /hush/);
  }
});

/** In the place of systemd on a host: a service that does not start, with a socket. What the role leaves of it on this machine is removed in the end. */
class PretendedSystemd implements Disposable {
  readonly #commands: string;
  readonly #wants = "/etc/systemd/system/sockets.target.wants";
  /** The socket unit, and what starts it at boot. */
  readonly links: readonly string[];

  constructor(fleet: Fleet, name: string, active: string) {
    const socket = `holdfast@${name}.socket`;
    this.#commands = join(fleet.directory, "commands");
    this.links = [`/etc/systemd/system/${socket}`, join(this.#wants, socket)];
    fleet.replaceProgram("systemd-analyze", "exit 0");
    fleet.replaceProgram(
      "systemctl",
      `case $* in
        *TriggeredBy*) echo ${socket}; exit ;;
        *ActiveState*) echo active; echo inactive; exit ;;
        is-active*) ${active}; exit ;;
        show*) echo LoadState=loaded; echo ActiveState=inactive; exit ;;
        is-enabled*) exit 1 ;;
        enable*) case $2 in *.socket) mkdir -p ${this.#wants}; ln -s ../$2 ${this.#wants}/$2 ;; esac ;;
        start*.service*) exit 1 ;;
      esac
      echo "$*" >> ${this.#commands}`,
    );
  }

  /** What it was told, in order. */
  get commands(): string[] {
    return readFileSync(this.#commands, "utf8").trim().split("\n");
  }

  [Symbol.dispose](): void {
    for (const path of this.links) rmSync(path, { force: true });
    execFileSync("sh", ["-c", `rmdir ${this.#wants} 2>/dev/null || true`]);
  }
}

test("a host that had nothing is left with nothing: what was started is stopped while systemd knows it, and starts at no boot", async () => {
  await using fleet = new Fleet(1);
  const [rig] = fleet.rigs;
  assert.ok(rig);
  using systemd = new PretendedSystemd(fleet, rig.name, "echo inactive");
  pretendDoctor(fleet, [], []);
  const { output } = await fleet.run("roll", {
    holdfast_release: { directory: fleet.release({ version: "2" }) },
    holdfast_config: "command = []\n",
    holdfast_config_file: join(rig.directory, "etc.toml"),
    holdfast_sockets: { http: `127.0.0.1:${rig.port}` },
  }).ended;
  assert.match(output, /went back: host0/);
  const { commands } = systemd;
  const told = commands.join("\n");
  assert.match(told, /^stop .*\.socket .*\.service$/m);
  assert.equal(commands.at(-1), "daemon-reload", told);
  for (const path of systemd.links) assert.ok(!lstatSync(path, { throwIfNoEntry: false }), path);
});

test("a socket unit for a service that runs is refused before anything is replaced", async () => {
  await using fleet = new Fleet(1);
  await fleet.start();
  const [rig] = fleet.rigs;
  assert.ok(rig);
  using _systemd = new PretendedSystemd(fleet, rig.name, "echo active; echo inactive");
  const { status, output } = await fleet.play(role, {
    holdfast_release: { directory: fleet.release({ version: "2" }) },
    holdfast_sockets: { http: "127.0.0.1:1" },
  }).ended;
  assert.equal(status, 2, output);
  assert.match(
    output,
    /\.socket does not listen, and systemd starts no socket of a service that runs\. Stop holdfast@/,
  );
  assert.match(rig.releaseDirectory, /releases\/1$/);
});
