import { pathInCheckout } from "../container/checkout.js";
import { Container } from "../container/container.js";
import type { Release } from "../container/releases.js";
import { FLAWS, FleetHost, PORT, SERVICE } from "./host.js";
import { ensureFleetImage } from "./image.js";
import { addressOf, connect, setCable } from "./network.js";
import { Playbook } from "./playbook.js";
import { inventoryOf, makeKey, openSsh } from "./ssh.js";

const HOSTS = [1, 2, 3, 4];
const GROUP = "fleet";
const COLLECTION = "packaging/ansible";
const BUILDS = "/srv/builds";

/** Short, for a story waits for both in each batch; the share gives the judge as much of the new version as of the old one. */
const CONFIG = `command = ["/usr/bin/node", "native.mjs"]
release = "/srv/${SERVICE}/current"

[listeners.http]
address = "0.0.0.0:${PORT}"

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
 * Four hosts with sshd, and a controller with Ansible, all on one bridge in the controller's network namespace. The collection is built and
 * installed as its users do it.
 */
export class Fleet implements AsyncDisposable {
  readonly controller: Container;
  readonly hosts: readonly FleetHost[];
  #builds = 0;

  private constructor(controller: Container, hosts: readonly FleetHost[]) {
    this.controller = controller;
    this.hosts = hosts;
  }

  /** Nothing of the service is on any host. */
  static async boot(release: Release): Promise<Fleet> {
    const image = await ensureFleetImage(release);
    const booted = await Promise.allSettled([0, ...HOSTS].map(() => Container.boot(release, image)));
    const containers = booted.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    try {
      const failed = booted.find((one) => one.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      const [controller, ...hosts] = containers as [Container, ...Container[]];
      const fleet = new Fleet(
        controller,
        hosts.map((container, index) => new FleetHost(index + 1, container)),
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
    const service = { holdfast_config: CONFIG, holdfast_sockets: { http: `0.0.0.0:${PORT}` } };
    return this.start("roll", version, { holdfast_serial: "100%", ...service });
  }

  /** Begins to bring a version to all hosts, in batches of so many: one host, then the others, unless said otherwise. */
  startRoll(version: string, serial: unknown = [1, "100%"]): Playbook {
    return this.start("roll", version, { holdfast_serial: serial });
  }

  start(playbook: string, version: string, variables: Readonly<Record<string, unknown>> = {}): Playbook {
    return new Playbook(this.controller, playbook, {
      holdfast_hosts: GROUP,
      holdfast_release: { tarball: tarballOf(version) },
      holdfast_version: version,
      ...variables,
    });
  }

  /** What serves on each host, in their order, once each has settled. */
  versions(): Promise<string[]> {
    return Promise.all(this.hosts.map((host) => host.settled()));
  }

  async setCable(host: FleetHost, state: "up" | "down"): Promise<void> {
    await setCable(this.controller, host.nth, state);
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

function tarballOf(version: string): string {
  return `${BUILDS}/${SERVICE}-${version}.tar.gz`;
}
