import type { Container } from "../container/container.js";
import type { CommandOutcome } from "../container/run-command.js";

const TIMEOUT_MS = 180_000;

let started = 0;

/** A run of ansible-playbook on the controller, in a cgroup of its own. */
export class Playbook {
  readonly #controller: Container;
  readonly #unit = `playbook-${++started}`;
  /** Its exit status, and what it said. */
  readonly end: Promise<CommandOutcome>;

  constructor(controller: Container, name: string, variables: Readonly<Record<string, unknown>>) {
    this.#controller = controller;
    const unit = ["--quiet", "--wait", "--pipe", "--collect", `--unit=${this.#unit}`];
    const environment = ["HOME=/root", "LANG=C.UTF-8"].map((setting) => `--setenv=${setting}`);
    const playbook = ["ansible-playbook", "-i", "/root/inventory.ini", `holdfast.holdfast.${name}`];
    const argv = [...unit, ...environment, "--", ...playbook, "-e", JSON.stringify(variables)];
    this.end = controller.exec(["systemd-run", ...argv], { timeoutMs: TIMEOUT_MS });
    this.end.catch(() => {}); // whoever waits for the end hears of it
  }

  /** As when the controller loses its power: Ansible, its forks and its connections are gone at once. Returns when they are. */
  async kill(): Promise<void> {
    await this.#controller.sh(`systemctl kill --signal=SIGKILL ${this.#unit}.service`);
    await this.end;
  }
}
