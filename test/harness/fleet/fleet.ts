import { pathInCheckout } from "../container/checkout.js";
import { Container } from "../container/container.js";
import type { Release } from "../container/releases.js";
import { FLAWS, FleetHost, METRICS_PORT, PORT, SERVICE } from "./host.js";
import { ensureBareFleetImage, ensureFleetImage } from "./image.js";
import { addressOf, connect, setCable } from "./network.js";
import { Playbook, type Variables } from "./playbook.js";
import { freeDisk } from "./small-disk.js";
import { inventoryOf, makeKey, openSsh } from "./ssh.js";

const HOSTS = 4;
const GROUP = "fleet";
const COLLECTION = "packaging/ansible";
/** On the controller: what `build` has made. */
export const BUILDS = "/srv/builds";

/** Short, for a story waits for both in each batch; the share gives the judge as much of the new version as of the old one. */
const CONFIG = `command = ["/usr/bin/node", "native.mjs"]
release = "/srv/${SERVICE}/current"

[listeners.http]
address = "0.0.0.0:${PORT}"

[metrics]
address = "0.0.0.0:${METRICS_PORT}"

[ready]
timeout = "10s"

[drain]
timeout = "10s"

[trial]
time = "2s"
share = "50%"

[probation]
time = "2s"
`;

/** What the role is told of the service on a host that has nothing of it. */
export const SERVICE_VARIABLES = { holdfast_config: CONFIG, holdfast_sockets: { http: `0.0.0.0:${PORT}` } };

/** For a version that turns bad on probation: however slow the machine is, nobody comes too late for it. */
export const ON_LONG_PROBATION = {
  ...SERVICE_VARIABLES,
  holdfast_config: CONFIG.replace(/(?<=\[probation\]\ntime = ")\w+/, "1min"),
};

const ANSIBLE = `[defaults]
interpreter_python = /usr/bin/python3
forks = 8
timeout = 5
display_skipped_hosts = False
[ssh_connection]
pipelining = True
ssh_args = -o ControlMaster=auto -o ControlPersist=60s -o ServerAliveInterval=2 -o ServerAliveCountMax=2
`;

/** What is wrong with a version: files beside its code (test/apps/flawed tells them), on all hosts or where a host has them. */
export interface Build {
  readonly flaws?: Readonly<Record<string, string>>;
  /** Those of `FleetHost.turnBad`. */
  readonly linked?: readonly string[];
  /** It ends before it says that it is ready. */
  readonly failsItsStart?: boolean;
}

/**
 * Hosts with sshd, and a controller with Ansible, all on one bridge in the controller's network namespace. The collection is built and
 * installed as its users do it.
 */
export class Fleet implements AsyncDisposable {
  readonly controller: Container;
  readonly hosts: readonly FleetHost[];
  readonly #runs: Playbook[] = [];
  #builds = 0;

  private constructor(controller: Container, hosts: readonly FleetHost[]) {
    this.controller = controller;
    this.hosts = hosts;
  }

  /** So many hosts. Nothing of the service is on any, but Holdfast is. */
  static async boot(release: Release, hosts = HOSTS): Promise<Fleet> {
    const image = await ensureFleetImage(release);
    const bootHost = async () => {
      const host = await Container.boot(release, image);
      await host.sh("mkdir /etc/holdfast"); // as the package does: this one has the checkout's build
      return host;
    };
    return Fleet.#bootAll(bootHost, release, image, hosts);
  }

  /** The same, but nothing of Holdfast is on any, while what its package depends on, git and podman are. */
  static async bootBare(release: Release, hosts = HOSTS): Promise<Fleet> {
    const image = await ensureBareFleetImage(release);
    return Fleet.#bootAll(() => Container.bootBare(release, image), release, image, hosts);
  }

  static async #bootAll(
    bootHost: () => Promise<Container>,
    release: Release,
    image: string,
    size: number,
  ): Promise<Fleet> {
    const booting = Array.from({ length: size }, bootHost);
    const booted = await Promise.allSettled([Container.boot(release, image), ...booting]);
    const containers = booted.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    try {
      const failed = booted.find((one) => one.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      const [controller, ...others] = containers as [Container, ...Container[]];
      const fleet = new Fleet(
        controller,
        others.map((container, index) => new FleetHost(index + 1, container)),
      );
      await fleet.#setUp();
      return fleet;
    } catch (cause) {
      await Promise.all(containers.map((container) => container[Symbol.asyncDispose]()));
      throw cause;
    }
  }

  /** The nth host, counted from 1. */
  host(nth: number): FleetHost {
    const host = this.hosts[nth - 1];
    if (host === undefined) throw new RangeError(`there is no host ${nth}`);
    return host;
  }

  /** Makes a tarball of a version of the app on the controller, and returns what the version is called. */
  async build({ flaws = {}, linked = [], failsItsStart = false }: Build = {}): Promise<string> {
    const version = `v${++this.#builds}`;
    const writes = Object.entries({ ...flaws, version }).map(([file, text]) => `echo '${text}' > ${file}`);
    const links = linked.map((flaw) => `ln -s ${FLAWS}/${flaw} ${flaw}`);
    const breaks = failsItsStart ? ["echo 'throw new Error(\"told to fail its start\");' > native.mjs"] : [];
    await this.controller.sh(
      [
        `mkdir -p ${BUILDS} && rm -rf /tmp/build && cp -r /opt/apps/flawed /tmp/build && cd /tmp/build`,
        ...[...writes, ...links, ...breaks],
        `tar --create --gzip --file ${tarballOf(version)} .`,
      ].join("\n"),
    );
    return version;
  }

  /** Begins to bring a version to all hosts, of which none has the service, with its config and units. */
  startInstall(version: string): Playbook {
    return this.start("roll", version, { holdfast_serial: "100%", ...SERVICE_VARIABLES });
  }

  /** Begins to bring a version to all hosts, in batches of so many: one host, then the others, unless said otherwise. */
  startRoll(version: string, serial: unknown = [1, "100%"], variables: Variables = {}): Playbook {
    return this.start("roll", version, { holdfast_serial: serial, ...variables });
  }

  start(playbook: string, version: string, variables: Variables = {}): Playbook {
    const release = { holdfast_release: { tarball: tarballOf(version) }, holdfast_version: version };
    return this.run(playbook, { ...release, ...variables });
  }

  /** Begins a playbook of the collection, with options of ansible-playbook. */
  run(playbook: string, variables: Variables, options: readonly string[] = []): Playbook {
    const all = { holdfast_hosts: GROUP, ...variables };
    const run = new Playbook(this.controller, `holdfast.holdfast.${playbook}`, all, options);
    this.#runs.push(run);
    return run;
  }

  /** What serves on each host, in their order, once each has settled. */
  versions(): Promise<string[]> {
    return Promise.all(this.hosts.map((host) => host.settled()));
  }

  /** That version on each host, in their order. */
  all(version: string): string[] {
    return this.hosts.map(() => version);
  }

  /** The number of the newest generation on each host: it stays where nothing has been tried. */
  async generations(): Promise<number[]> {
    const statuses = await Promise.all(this.hosts.map((host) => host.status()));
    return statuses.map(({ generations }) => Math.max(...generations.map(({ id }) => id)));
  }

  async setCable(host: FleetHost, state: "up" | "down"): Promise<void> {
    await setCable(this.controller, host.nth, state);
  }

  /** Whatever was under way: ends the runs, takes what is bad from the hosts, and brings a version to all of them. */
  async recover(version: string): Promise<void> {
    await Promise.all(this.#runs.map((run) => run.kill()));
    for (const host of this.hosts) {
      await this.setCable(host, "up");
      await host.turnGood();
      await freeDisk(host);
    }
    await this.startRoll(version, "100%", { holdfast_break_lock: true }).succeeds();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const containers = [this.controller, ...this.hosts.map(({ container }) => container)];
    await Promise.all(containers.map((container) => container[Symbol.asyncDispose]()));
  }

  async #setUp(): Promise<void> {
    const { controller, hosts } = this;
    await connect(
      controller,
      hosts.map(({ container }) => container),
    );
    await Promise.all(hosts.map((host) => host.prepare()));
    const key = await makeKey(controller);
    const opened = await Promise.all(hosts.map(({ container }) => openSsh(container, key)));
    const known = opened.map((hostKey, index) => `${addressOf(index + 1)} ${hostKey}\n`);
    await controller.write("/root/.ssh/known_hosts", known.join(""));
    await controller.write("/etc/ansible/ansible.cfg", ANSIBLE);
    const addresses = hosts.map(({ nth }) => addressOf(nth));
    await controller.write(
      "/root/inventory.ini",
      inventoryOf(GROUP, addresses, [`holdfast_name=${SERVICE}`]),
    );
    await this.#installCollection();
  }

  async #installCollection(): Promise<void> {
    pathInCheckout(COLLECTION);
    await this.controller.copyIn("/opt/collection", COLLECTION);
    await this.controller.sh(
      `cd /opt/collection && ansible-galaxy collection build ${COLLECTION}\n` +
        "ansible-galaxy collection install --offline -p /usr/share/ansible/collections holdfast-holdfast-*.tar.gz",
    );
  }
}

export function tarballOf(version: string): string {
  return `${BUILDS}/${SERVICE}-${version}.tar.gz`;
}
