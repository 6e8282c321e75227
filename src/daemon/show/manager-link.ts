import type { ServiceView } from "../../model/view.js";
import { type Notifier, notifyAssignment } from "../../systemd/notify.js";

/** Room for what comes after the last deadline: killing, closing, exiting. */
const marginMs = 10_000;

/** Tells systemd what changed in the service since it was last told. sd_notify(3). */
export class ManagerLink {
  readonly #notifier: Notifier | undefined;
  readonly #nowMs: () => number;
  /** What to say when this process has become the main process, until when nobody would listen. */
  #unsaid: ServiceView | undefined;
  #silent: boolean;
  #told: ServiceView | undefined;
  #ready = false;

  constructor(notifier: Notifier | undefined, nowMs: () => number, silent: boolean) {
    this.#notifier = notifier;
    this.#nowMs = nowMs;
    this.#silent = silent;
  }

  /** This process is the main process from now on. */
  speak(): void {
    this.#silent = false;
    if (this.#unsaid !== undefined) this.show(this.#unsaid);
  }

  /** Another process is to be the main process: MAINPID= of sd_notify(3). */
  nameSuccessor(pid: number): void {
    this.#notifier?.send(notifyAssignment("MAINPID", pid));
  }

  show(view: ServiceView): void {
    if (this.#silent) {
      this.#unsaid = view;
      return;
    }
    const told = this.#told;
    this.#told = view;
    const lines: string[] = [];
    if (view.status !== told?.status) lines.push(notifyAssignment("STATUS", view.status));
    if (view.phase !== told?.phase) lines.push(...this.#phaseLines(view.phase));
    if (view.busyUntil !== null && view.busyUntil !== told?.busyUntil) {
      const remainingMs = Math.max(0, view.busyUntil - this.#nowMs()) + marginMs;
      lines.push(notifyAssignment("EXTEND_TIMEOUT_USEC", Math.round(remainingMs * 1000)));
    }
    if (lines.length > 0) this.#notifier?.send(lines.join("\n"));
  }

  /** WATCHDOG=1: the loop turns and the state can be written. */
  beat(): void {
    if (!this.#silent) this.#notifier?.send("WATCHDOG=1");
  }

  #phaseLines(phase: ServiceView["phase"]): string[] {
    switch (phase) {
      case "starting":
        return [];
      case "ready":
        this.#ready = true;
        return ["READY=1"];
      case "reloading":
        // A new daemon that goes on with its predecessor's upgrade has to be started before it can reload.
        if (!this.#ready) this.#notifier?.send("READY=1");
        this.#ready = true;
        return ["RELOADING=1", notifyAssignment("MONOTONIC_USEC", Math.round(this.#nowMs() * 1000))];
      case "stopping":
        return ["STOPPING=1"];
      default:
        return phase satisfies never;
    }
  }
}
