import type { DaemonMessage, WorkerMessage } from "../../channel/worker-messages.js";
import { messageOf } from "../../lib/failure.js";
import type { Watcher } from "../../linux/epoll.js";
import { closeFd } from "../../linux/fd.js";
import type { StateKeeper } from "../app-state/state-keeper.js";
import type { IncomingHandOvers } from "../hand-over/incoming-hand-overs.js";
import { createPeer, type Peer } from "../hand-over/peer.js";
import { HandOverReceiver } from "../hand-over/receiver.js";
import type { AcceptLimit } from "./accept-limit.js";
import type { Activation } from "./activation.js";
import type { AppServers } from "./app-servers.js";
import { fitReport } from "./fit-report.js";
import type { WorkerEnd } from "./worker-end.js";

export interface DaemonOrdersOptions {
  readonly appServers: AppServers;
  readonly state: StateKeeper;
  readonly activation: Activation;
  readonly acceptLimit: AcceptLimit;
  readonly incoming: IncomingHandOvers;
  readonly end: WorkerEnd;
  readonly watcher: Watcher;
  readonly send: (message: WorkerMessage, fds?: readonly number[]) => void;
  readonly report: (problem: string) => void;
}

/** What a worker does when the daemon says so. */
export class DaemonOrders {
  readonly #options: DaemonOrdersOptions;

  constructor(options: DaemonOrdersOptions) {
    this.#options = options;
  }

  /** The fds are this object's. */
  obey(message: DaemonMessage, fds: readonly number[]): void {
    const taken = this.#dispatch(message, fds);
    if (!taken) fds.forEach(closeFd);
  }

  /** The answer to a query, or the last word. */
  tellCounts(query: number): void {
    this.#options.send({ type: "report", query, servers: fitReport(this.#options.appServers.count()) });
  }

  /** Whether the fds were taken over. */
  #dispatch(message: DaemonMessage, fds: readonly number[]): boolean {
    const { appServers, activation, acceptLimit, state, end, send } = this.#options;
    const [fd] = fds;
    switch (message.type) {
      case "passed":
      case "refused":
        // Said twice, by a daemon that has died in between: the first time counts.
        return false;
      case "listener":
        // The answer to a question that nobody waits for any more.
        return false;
      case "welcome":
        if (message.slowMs !== undefined) appServers.countSlow(message.slowMs);
        appServers.shareTickets(Buffer.from(message.tickets, "base64"));
        return false;
      case "renew-tickets":
        appServers.shareTickets(Buffer.from(message.tickets, "base64"));
        return false;
      case "activate":
        if (message.accept !== undefined) acceptLimit.obey(message.accept);
        activation.order(message.after);
        return false;
      case "save":
        this.#save(message.query);
        return false;
      case "try": {
        const failure = state.take(message.entries, fd);
        send({ type: "verdict", query: message.query, failure });
        return false;
      }
      case "check": {
        const failure = state.check(message.entries, fd);
        send({ type: "verdict", query: message.query, failure });
        return false;
      }
      case "query":
        this.tellCounts(message.query);
        return false;
      case "probe":
        return fd !== undefined && fds.length === 1 && appServers.probe(message.listener, fd);
      case "receive":
        if (fd === undefined || fds.length !== 1) return false;
        return this.#receive(message.from, fd);
      case "drain":
        return end.obey(message, fds);
      default:
        return message satisfies never;
    }
  }

  #save(query: number): void {
    const { state, send } = this.#options;
    const { entries, fd, failure } = state.give();
    try {
      send({ type: "saved", query, entries: [...entries], failure }, fd === undefined ? [] : [fd]);
    } catch (error) {
      // It has to wait for a daemon that reads, and there is no fd for the copy that waits.
      send({ type: "saved", query, entries: [], failure: `cannot give the state: ${messageOf(error)}` });
    } finally {
      if (fd !== undefined) closeFd(fd);
    }
  }

  /** False when this process is out of fds. */
  #receive(from: { readonly name: string; readonly pid: number }, fd: number): boolean {
    const { appServers, state, activation, incoming, watcher, report } = this.#options;
    let peer: Peer;
    try {
      peer = createPeer(from.name, from.pid, fd, watcher);
    } catch (error) {
      report(`cannot receive the connections of worker ${from.name}: ${messageOf(error)}`);
      return false;
    }
    const receiver = new HandOverReceiver({
      served: () => appServers.served,
      peer,
      watcher,
      onState: (entries, fd) => {
        const refused = state.take(entries, fd);
        if (refused !== null) report(`the state of worker ${peer.name} is lost: ${refused}`);
        activation.noteLetGo(peer.name);
      },
      onEnd: () => activation.noteLetGo(peer.name),
      onClosed: () => incoming.remove(receiver),
      report,
    });
    incoming.add(receiver);
    return true;
  }
}
