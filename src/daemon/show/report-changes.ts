import { isDeepStrictEqual } from "node:util";
import type { ChangesReport, ControlPort, DifferenceReport } from "../../control/port.js";
import { type Failure, fail, messageOf, succeed } from "../../lib/failure.js";
import { activeGeneration, stagedGeneration } from "../../model/find.js";
import type { Generation } from "../../model/generation-state.js";
import type { Specification } from "../../model/plan.js";
import type { State } from "../../model/state.js";
import { compareRelease } from "../../release/compare-release.js";
import { readCommit } from "../../release/read-commit.js";
import { readVersion } from "../../release/read-version.js";
import { readSpecification } from "../perform/specify.js";

export interface ChangesSources {
  readonly configFile: string;
  readonly stateDirectory: string;
}

/** Reads config and release as an upgrade would, and holds them against what serves and what stands by. Changes nothing. */
export async function reportChanges(
  state: State,
  { configFile, stateDirectory }: ChangesSources,
): ReturnType<ControlPort["changes"]> {
  const read = readSpecification(configFile);
  if (!read.ok) return read;
  const { release } = read.value.plan;
  try {
    const generations: DifferenceReport[] = [];
    for (const [phase, generation] of replaceable(state)) {
      generations.push({
        ...(await differenceTo(generation, read.value, stateDirectory)),
        phase,
      });
    }
    return succeed<ChangesReport>({
      release,
      version: readVersion(release),
      commit: readCommit(release),
      generations,
    });
  } catch (error) {
    return unreadable(release, error);
  }
}

/** What another upgrade would take the place of. */
function replaceable(state: State): (readonly [DifferenceReport["phase"], Generation])[] {
  const active = activeGeneration(state);
  const staged = stagedGeneration(state);
  return [
    ...(active === undefined ? [] : [["active", active] as const]),
    ...(staged === undefined ? [] : [["staged", staged] as const]),
  ];
}

async function differenceTo(
  { id, snapshot, version, specification }: Generation,
  wanted: Specification,
  stateDirectory: string,
): Promise<Omit<DifferenceReport, "phase">> {
  const config = changedKeys(specification, wanted);
  const { release, shared, writable } = wanted.plan;
  const files =
    snapshot === null || !wanted.plan.snapshot
      ? null
      : await compareRelease({ stateDirectory, snapshot, release, shared, writable });
  const isUntouched = files !== null && files.added + files.changed + files.removed === 0;
  return {
    generation: id,
    snapshot,
    version,
    release: specification.plan.release,
    same: config.length > 0 ? false : files === null ? null : isUntouched,
    config,
    files,
  };
}

/** The keys of a plan are called like the tables and keys of the config. */
function changedKeys(before: Specification, after: Specification): string[] {
  const plans: readonly Readonly<Record<string, unknown>>[] = [{ ...before.plan }, { ...after.plan }];
  const listeners = [before, after].map((one) => {
    return Object.fromEntries(
      (one.listeners ?? []).map((listener) => [`listeners.${listener.name}`, listener]),
    );
  });
  return [...changedIn(plans[0], plans[1]), ...changedIn(listeners[0], listeners[1])];
}

function changedIn(
  before: Readonly<Record<string, unknown>> = {},
  after: Readonly<Record<string, unknown>> = {},
): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.filter((key) => !isDeepStrictEqual(before[key], after[key]));
}

function unreadable(release: string, error: unknown): { ok: false; failure: Failure<"release-invalid"> } {
  return fail("release-invalid", `cannot look through the release ${release}: ${messageOf(error)}`);
}
