import type { Container } from "../container/container.js";
import type { CommandOutcome } from "../container/run-command.js";
import { HarnessError } from "../harness-error.js";

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

  /** Waits for something that the run brings about, and no longer than the run. */
  async until(event: Promise<unknown>): Promise<void> {
    const ended = Symbol("ended");
    const first = await Promise.race([event, this.end.then(() => ended)]);
    if (first !== ended) return;
    event.catch(() => {}); // nobody waits for it any more
    const { code, stdout, stderr } = await this.end;
    throw new HarnessError("playbook", `the run ended too early, with status ${code}: ${stdout}${stderr}`);
  }

  /** As when the controller loses its power: Ansible, its forks and its connections are gone at once. Returns when they are. */
  async kill(): Promise<void> {
    await this.#controller.sh(`systemctl kill --signal=SIGKILL ${this.#unit}.service`);
    await this.end;
  }
}
