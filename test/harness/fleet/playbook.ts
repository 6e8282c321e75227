import assert from "node:assert/strict";
import type { Container } from "../container/container.js";
import type { CommandOutcome } from "../container/run-command.js";
import { HarnessError } from "../harness-error.js";

/** Of a run, and so of what one waits for in it: a roll takes twenty seconds on a machine that has nothing else to do. */
export const RUN_TIMEOUT_MS = 300_000;

let started = 0;

/** Of a playbook, by their names. */
export type Variables = Readonly<Record<string, unknown>>;

/** A run of ansible-playbook on the controller, in a cgroup of its own. */
export class Playbook {
  readonly #controller: Container;
  readonly #unit = `playbook-${++started}`;
  /** Its exit status, and what it said. */
  readonly end: Promise<CommandOutcome>;
  #ended = false;

  /** `name`: of a collection's playbook, or the path of one on the controller. */
  constructor(controller: Container, name: string, variables: Variables, options: readonly string[] = []) {
    this.#controller = controller;
    const unit = ["--quiet", "--wait", "--pipe", "--collect", `--unit=${this.#unit}`];
    const environment = ["HOME=/root", "LANG=C.UTF-8"].map((setting) => `--setenv=${setting}`);
    const playbook = ["ansible-playbook", "-i", "/root/inventory.ini", name, ...options];
    const argv = [...unit, ...environment, "--", ...playbook, "-e", JSON.stringify(variables)];
    this.end = controller.exec(["systemd-run", ...argv], { timeoutMs: RUN_TIMEOUT_MS });
    const note = () => {
      this.#ended = true;
    };
    this.end.then(note, note); // whoever waits for the end hears of a failure
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

  /** It ends well. Returns what it said. */
  async succeeds(): Promise<string> {
    return this.#endsWith(0);
  }

  /** It ends with the status of a run that has failed. Returns what it said. */
  async fails(): Promise<string> {
    return this.#endsWith(2);
  }

  async #endsWith(status: number): Promise<string> {
    const { code, stdout, stderr } = await this.end;
    const said = `${stdout}\n${stderr}`;
    assert.equal(code, status, said);
    return said;
  }

  /** As when the controller loses its power: Ansible, its forks and its connections are gone at once. Returns when they are. */
  async kill(): Promise<void> {
    if (this.#ended) return;
    await this.#controller.sh(`systemctl kill --signal=SIGKILL ${this.#unit}.service`);
    await this.end;
  }
}
