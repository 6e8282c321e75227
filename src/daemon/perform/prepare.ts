import type { Config } from "../../config/config.js";
import { type Result, succeed } from "../../lib/failure.js";
import type { HeldListeners } from "../../listeners/held-listeners.js";
import { reconcile } from "../../listeners/reconcile.js";
import type { Action, Event, News, Prepared } from "../../model/event.js";
import type { Plan, Specification } from "../../model/plan.js";
import type { Retired, State } from "../../model/state.js";
import { readCommit } from "../../release/read-commit.js";
import { readVersion } from "../../release/read-version.js";
import { findFdRoom } from "./fd-room.js";
import type { Snapshots } from "./snapshots.js";
import {
  readSpecification,
  type SpecificationFailure,
  verifyCommands,
  verifySpecification,
  warnOfAsking,
} from "./specify.js";

export interface PrepareOptions {
  readonly configFile: string;
  readonly listeners: HeldListeners;
  readonly snapshots: Snapshots;
  readonly announce: (news: News) => void;
  /** Hears of every config that has been read for an upgrade. */
  readonly onConfig: (config: Config) => void;
}

/** Finds out what an upgrade is to, and what it needs; nothing is begun. */
export function prepare(
  options: PrepareOptions,
  { upgrade, again }: Extract<Action, { readonly type: "prepare" }>,
  state: State,
): Event {
  const warn = (event: string, message: string): void =>
    options.announce({ event, level: "warning", message, upgrade });
  const wanted = again === null ? readAnew(options, warn) : verifyAgain(again, options.snapshots);
  if (!wanted.ok) return { type: "prepared", upgrade, result: wanted };
  const { plan } = wanted.value;
  const room = state.generations.length > 0 ? findFdRoom(plan.workers) : succeed(undefined);
  if (!room.ok) return { type: "prepared", upgrade, result: room };
  const held = reconcile(options.listeners, wanted.value, state.listeners, state.nextListener);
  if (!held.ok) return { type: "prepared", upgrade, result: held };
  if (again === null) warnOfAsking(wanted.value, held.value, (message) => warn("asks-old-workers", message));
  const { version, commit } = again ?? nameInPlace(plan);
  return { type: "prepared", upgrade, result: succeed({ ...held.value, version, commit }) };
}

function readAnew(
  { configFile, onConfig }: PrepareOptions,
  warn: (event: string, message: string) => void,
): Result<Specification, SpecificationFailure> {
  return readSpecification(configFile, (message) => warn("outside-snapshot", message), onConfig);
}

/** With a snapshot of its own it needs no release any more. */
function verifyAgain(
  { specification, snapshot }: Retired,
  snapshots: Snapshots,
): Result<Specification, SpecificationFailure> {
  if (snapshot === null) return verifySpecification(specification);
  return verifyCommands(specification, snapshots.directoryOf(snapshot));
}

/** What a release calls itself that is not copied; the copy of another tells. */
function nameInPlace({ snapshot, release }: Plan): Pick<Prepared, "version" | "commit"> {
  if (snapshot) return { version: null, commit: null };
  return { version: readVersion(release), commit: readCommit(release) };
}
