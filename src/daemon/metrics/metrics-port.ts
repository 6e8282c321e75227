import type { MetricsTable } from "../../config/config.js";
import type { ControlPort } from "../../control/port.js";
import type { MetricsReport } from "../../control/replies.js";
import { type Address, formatAddress, overlaps, parseAddress } from "../../lib/address.js";
import { closeFd } from "../../linux/fd.js";
import { type ListenFailure, openListener } from "../../linux/listener.js";
import { identifySocketFile, isFileGone, removeSocketFile, setSocketMode } from "../../linux/socket-file.js";
import type { FdKeeper } from "../../listeners/held-listeners.js";
import { boundMetricsFdName } from "../recover/fd-names.js";
import type { InheritedMetrics } from "../recover/inheritance.js";
import { MetricsServer } from "./metrics-server.js";

/** A scraper waits for its answer; more than a few have nothing to wait for. */
const backlog = 64;

/** One socket on which metrics are told. */
interface Held {
  readonly fd: number;
  readonly name: string;
  readonly address: string;
  /** Of a unix socket, as `identifySocketFile` tells. */
  readonly file: string | undefined;
}

export interface MetricsPortOptions {
  readonly port: Pick<ControlPort, "recount" | "metrics">;
  readonly keeper: FdKeeper;
  readonly warn: (message: string) => void;
}

/**
 * Where metrics are told besides the control socket: at what the socket unit passes for that, and at the address of the config. The
 * sockets are kept for the next daemon as the control socket is, so that no scraper is refused while one takes the place of another.
 */
export class MetricsPort {
  readonly #options: MetricsPortOptions;
  readonly #server: MetricsServer;
  #held: readonly Held[] = [];
  #problem: string | null = null;

  constructor(options: MetricsPortOptions) {
    this.#options = options;
    const { port, warn } = options;
    this.#server = new MetricsServer({ recount: () => port.recount(), metrics: () => port.metrics(), warn });
  }

  /** One that the last daemon bound is of use as long as its file is there, for scrapers know it by its path. */
  adopt(inherited: readonly InheritedMetrics[]): void {
    for (const { fd, name, address } of inherited) {
      const path = pathOf(address);
      const lost = name === boundMetricsFdName && path !== undefined && isFileGone(path);
      if (!lost) this.#hold({ fd, name, address, file: fileAt(address) });
      else this.#discard(fd, name);
    }
  }

  /** What the config does not name any more is closed. An address that cannot be had is a warning, and changes nothing. */
  follow(wanted: MetricsTable | null): void {
    const address = wanted === null ? undefined : formatAddress(wanted.address);
    const bound = this.#held.find(({ name }) => name === boundMetricsFdName);
    this.#problem = null;
    if (wanted === null || address === undefined) {
      if (bound !== undefined) this.#close(bound);
      return;
    }
    const known = this.#held.find((one) => one.address === address);
    if (known === undefined) this.#open(wanted, address, bound);
    else if (known === bound) this.#setMode(known, wanted);
    else if (bound !== undefined) this.#close(bound);
  }

  /** Null: metrics are told on the control socket only. */
  report(): MetricsReport {
    if (this.#held.length === 0 && this.#problem === null) return null;
    return { addresses: this.#held.map(({ address }) => address), problem: this.#problem };
  }

  /** Lets go of all of them; what is kept elsewhere stays open. Resolves when whoever was accepted has been answered. */
  release(): Promise<void> {
    this.#held = [];
    return this.#server.close();
  }

  /** The old one stays until there is another. */
  #open({ address, mode }: MetricsTable, text: string, old: Held | undefined): void {
    const opened = openListener(address, { backlog, ...(mode === null ? {} : { mode }) });
    if (!opened.ok) {
      this.#warn(`metrics.address: ${explain(opened.failure, address, old)}`);
      return;
    }
    if (old !== undefined) this.#close(old);
    this.#hold({ fd: opened.value, name: boundMetricsFdName, address: text, file: fileAt(text) });
  }

  #setMode({ address, file }: Held, { mode }: MetricsTable): void {
    const path = pathOf(address);
    if (mode === null || path === undefined || file === undefined) return;
    const set = setSocketMode(path, file, mode);
    if (!set.ok) this.#warn(`metrics.mode: ${set.failure.message}`);
  }

  #warn(problem: string): void {
    this.#problem = problem;
    this.#options.warn(problem);
  }

  #hold(held: Held): void {
    const { keeper, warn } = this.#options;
    keeper.store(held.fd, held.name);
    this.#held = [...this.#held, held];
    this.#server.serve(held.fd, ({ message }) => warn(`cannot tell metrics on ${held.address}: ${message}`));
  }

  #close(held: Held): void {
    const path = pathOf(held.address);
    if (path !== undefined && held.file !== undefined) removeSocketFile(path, held.file);
    this.#held = this.#held.filter((other) => other !== held);
    this.#server.stop(held.fd);
    this.#options.keeper.remove(held.name);
  }

  #discard(fd: number, name: string): void {
    closeFd(fd);
    this.#options.keeper.remove(name);
  }
}

function explain({ message }: ListenFailure, address: Address, old: Held | undefined): string {
  const held = old === undefined ? undefined : parseAddress(old.address);
  if (old !== undefined && held?.ok && overlaps(held.value, address)) {
    const way = "go by way of another port, or stop and start the service";
    return `cannot move from ${old.address} to ${formatAddress(address)}: the kernel lets nobody have both at once; ${way}`;
  }
  return `${message}; it is tried again by the next upgrade, and by the next daemon`;
}

function pathOf(address: string): string | undefined {
  const parsed = parseAddress(address);
  return parsed.ok && parsed.value.kind === "unix" ? parsed.value.path : undefined;
}

function fileAt(address: string): string | undefined {
  const path = pathOf(address);
  return path === undefined ? undefined : identifySocketFile(path);
}
