import { HoldfastError } from "../../lib/failure.js";
import type { InheritedFd } from "../../systemd/listen-fds.js";
import { namePlace, type Place } from "../carriers/listen.js";
import type { Overseer } from "./overseer.js";

/** The sockets that were passed to this process, until somebody serves them. */
export class ListenerClaims {
  readonly #overseer: Overseer;
  readonly #unclaimed: InheritedFd[];
  readonly #claimed = new Set<string>();

  constructor(overseer: Overseer) {
    this.#overseer = overseer;
    this.#unclaimed = overseer.kind === "none" ? [] : [...overseer.inherited];
  }

  /** What was passed and nobody serves yet. */
  get unclaimed(): readonly InheritedFd[] {
    return this.#unclaimed;
  }

  /** Takes exactly this one of the unclaimed; names need not be unique. */
  takeFd(fd: number): void {
    const at = this.#unclaimed.findIndex((one) => one.fd === fd);
    const [taken] = at < 0 ? [] : this.#unclaimed.splice(at, 1);
    if (taken !== undefined) this.#claimed.add(taken.name);
  }

  /**
   * The socket of a name; without a wish, the only one there is. Without an fd the server has to bind. Throws
   * `listener-ambiguous`, and `listener-missing` where sockets were passed but not that one.
   */
  take(wanted: string | undefined, place: Place): { readonly name: string; readonly fd: number | undefined } {
    const names = [...new Set(this.#unclaimed.map(({ name }) => name))];
    if (wanted === undefined && names.length > 1) {
      const message = `cannot choose a listener: there are ${names.join(", ")}; say which with { listener: "${names[0]}" }`;
      throw new HoldfastError("listener-ambiguous", message);
    }
    const name = wanted ?? names[0];
    const found = this.#unclaimed.find((one) => one.name === name);
    if (found !== undefined) {
      this.takeFd(found.fd);
      return found;
    }
    if (this.#mustBePassed()) throw this.#missing(name);
    const own = this.#overseer.kind === "systemd" ? namePlace(place) : undefined;
    return { name: name ?? own ?? "default", fd: undefined };
  }

  #mustBePassed(): boolean {
    const { kind } = this.#overseer;
    return kind === "holdfast" || (kind === "systemd" && this.#overseer.inherited.length > 0);
  }

  #missing(name: string | undefined): HoldfastError {
    const passed = this.#overseer.kind === "none" ? [] : this.#overseer.inherited.map((one) => one.name);
    const served = name === undefined ? passed.length > 0 : this.#claimed.has(name);
    const why = served ? "it is served already" : "there is none of that name";
    const known = passed.join(", ") || "none";
    return new HoldfastError(
      "listener-missing",
      `cannot serve listener ${name ?? "(any)"}: ${why} (passed: ${known})`,
    );
  }
}
