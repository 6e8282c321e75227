import type { Config } from "../config/config.js";
import { appDirectoryIn } from "../lib/directories.js";
import { monotonicMs } from "../linux/boot.js";
import type { Action, News } from "../model/event.js";
import type { Generation } from "../model/generation-state.js";
import type { LedgerEntry } from "../model/ledger-entry.js";
import type { State } from "../model/state.js";
import { viewService } from "../model/view.js";
import type { LedgerFile } from "../state/ledger-file.js";
import type { StateStore } from "../state/state-store.js";
import type { Effects } from "../supervisor/effects.js";
import type { Supervisor } from "../supervisor/supervisor.js";
import { createAlarm } from "./alarm.js";
import { Hooks } from "./hooks/hooks.js";
import { hearWorkers, type Parts } from "./parts.js";
import { createPerformer } from "./perform/perform.js";
import { type Setup, warn } from "./setup.js";
import type { ManagerLink } from "./show/manager-link.js";
import type { NewsFeed } from "./show/news-feed.js";

/** Less than the model leaves to whoever verifies. */
const countPatienceMs = 500;

export interface EffectsOptions {
  readonly supervisor: Supervisor;
  readonly store: StateStore;
  readonly link: ManagerLink;
  readonly news: NewsFeed;
  /** The state that the daemon begins with. */
  readonly remembered: State;
  /** Sees every state that has been written down, before it is acted upon. */
  readonly onPersisted: (state: State) => void;
  readonly ledger: LedgerFile;
  readonly onConfig: (config: Config) => void;
  readonly onExit: (status: Extract<Action, { type: "exit" }>["status"]) => void;
  readonly onFault: () => void;
}

/** The loop's hands: the state goes to disk, actions to the parts, the view to systemd. */
export function createEffects(setup: Setup, parts: Parts, options: EffectsOptions): Effects {
  const { name, directories, configFile } = setup;
  const { listeners, workers, channels, notifySockets, snapshots, heartbeat, share, judges, kernelWatch } =
    parts;
  const { supervisor, store, link, news } = options;
  const report = (what: string, error: unknown): void => setup.faults.report(what, error);
  const publish = (state: State): void => {
    try {
      heartbeat.follow(state);
      share.follow(state);
      judges.follow(state);
      kernelWatch.follow(state);
      if (state.lifecycle.phase !== "leaving") link.show(viewService(state));
    } catch (error) {
      report("show the state", error);
    }
  };
  const directoryOf = (generation: Generation): string => snapshots.workingDirectoryOf(generation);
  const announce = (one: News): void => news.announce(one);
  const hooks = new Hooks({ name, remembered: options.remembered, directoryOf, announce });
  const perform = createPerformer({
    name,
    configFile,
    places: {
      stateDirectory: appDirectoryIn(directories.state),
      directoryOf,
    },
    listeners,
    workers,
    channels,
    notifySockets,
    snapshots,
    countWorkers: () => heartbeat.askWorkers(countPatienceMs),
    onConfig: options.onConfig,
    current: () => supervisor.state,
    isOver: () => supervisor.exited,
    announce,
    record: ({ entry }) => record(setup, options.ledger, entry),
    exit: (status) => {
      publish(supervisor.state);
      options.onExit(status);
    },
  });
  return setup.wrapEffects({
    clock: () => ({ now: monotonicMs(), wall: Date.now() }),
    persist: (state) => {
      const written = store.write(state);
      listeners.storeOpened(state.listeners);
      options.onPersisted(state);
      return written;
    },
    remember: (state) => store.remember(state),
    perform: (action, state) => {
      hooks.follow(state);
      return perform(action, state);
    },
    publish,
    wakeAt: createAlarm(() => hearWorkers(parts)),
    report,
    beginAnew: options.onFault,
  });
}

/** Adds a line to the ledger. */
export function record(setup: Setup, ledger: LedgerFile, entry: LedgerEntry): void {
  const problem = ledger.append(Date.now(), entry);
  if (problem !== undefined) warn(setup, problem);
}
