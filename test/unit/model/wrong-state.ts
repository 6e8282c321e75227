import { isLive, serves } from "../../../src/model/find.js";
import type { Generation, Worker } from "../../../src/model/generation-state.js";
import type { State } from "../../../src/model/state.js";

/** What no state may be, whatever led to it; empty for a right one. */
export function wrongState(state: State): string[] {
  return [
    ...wrongGenerations(state),
    ...wrongUpgrades(state),
    ...lostVerdicts(state),
    ...wrongAccounts(state),
    ...wrongListeners(state),
    ...wrongSnapshots(state),
    ...state.generations.flatMap(wrongWorkers),
  ];
}

function wrongGenerations({ generations, lifecycle, nextGeneration }: State): string[] {
  const found: string[] = [];
  const active = countIn(generations, "active");
  const candidates = countIn(generations, "candidate");
  if (active > 1) found.push(`${active} generations are active`);
  if (candidates > 1) found.push(`${candidates} candidates`);
  if (lifecycle.phase === "running" && active === 0) found.push("running without an active generation");
  if (["starting", "drained", "stopping"].includes(lifecycle.phase) && active > 0) {
    found.push(`${lifecycle.phase} with an active generation`);
  }
  if (lifecycle.phase === "stopping" && candidates > 0) found.push("stopping with a candidate");
  const held = generations.filter(({ stage }) => stage.phase === "held");
  const trial = generations.some(({ stage }) => stage.phase === "active" && stage.proof.kind === "trial");
  if (held.length > 1) found.push(`${held.length} generations are held`);
  if (held.length > 0 && !trial) found.push("a generation is held, and none is on trial");
  const ids = generations.map(({ id }) => id);
  if (ids.some((id, at) => id <= (ids[at - 1] ?? 0))) found.push(`generations out of order: ${ids}`);
  if (ids.some((id) => id >= nextGeneration)) found.push("a generation beyond nextGeneration");
  return found;
}

/** Each upgrade that is under way is accounted for, and each account is of something that goes on, one phase after the other. */
function wrongAccounts({ accounts, upgrade, generations }: State): string[] {
  const found: string[] = [];
  if (upgrade !== null && !accounts.some((one) => one.upgrade === upgrade.id)) {
    found.push(`nobody keeps account of upgrade ${upgrade.id}`);
  }
  for (const { upgrade: id, phases, new: made } of accounts) {
    const going = phases.filter(({ until }) => until === null).map(({ phase }) => phase);
    // Its workers are being asked for the last time what they have counted.
    const tells = generations.some((one) => one.id === made?.generation && serves(one) && tellsCounts(one));
    if (going.length === 0 && id !== upgrade?.id && !tells)
      found.push(`the account of upgrade ${id} is not closed`);
    if (going.filter((phase) => phase !== "drain").length > 1) found.push(`upgrade ${id} is in ${going}`);
    if (phases.some(({ since, until }) => until !== null && until < since))
      found.push(`upgrade ${id} runs backwards`);
  }
  return found;
}

function tellsCounts({ workers }: Generation): boolean {
  return workers.some(({ native, run }) => native && isLive(run));
}

function wrongUpgrades({ generations, lifecycle, upgrade, queued, outcomes, nextUpgrade }: State): string[] {
  const found: string[] = [];
  const candidate = generations.find(({ stage }) => stage.phase === "candidate");
  const staged = candidate?.stage.phase === "candidate" && candidate.stage.step === "staged";
  const onTrial = generations.find(({ stage }) => stage.phase === "active" && stage.proof.kind === "trial");
  const under = upgrade?.generation ?? undefined;
  // During a timed trial the upgrade that brought it goes on.
  const meant = under !== undefined && under === onTrial?.id ? undefined : under;
  if (meant !== (staged ? undefined : candidate?.id)) {
    found.push(`the upgrade is of generation ${upgrade?.generation}, the candidate is ${candidate?.id}`);
  }
  if (queued !== null && upgrade === null && lifecycle.phase !== "leaving") {
    found.push("a request waits for nothing");
  }
  if (lifecycle.phase === "stopping" && (upgrade !== null || queued !== null)) {
    found.push("stopping with an upgrade");
  }
  const ids = [...outcomes.map((outcome) => outcome.upgrade), upgrade?.id, queued?.id].filter(
    (id) => id !== undefined,
  );
  if (new Set(ids).size < ids.length) found.push(`a request is known twice: ${ids}`);
  if (ids.some((id) => id >= nextUpgrade)) found.push("a request beyond nextUpgrade");
  return found;
}

/** Whoever waits for a verdict gets one: it is still to come, or is known. */
function lostVerdicts({ outcomes, generations }: State): string[] {
  const open = outcomes.filter(
    ({ generation, failure, verdict }) => generation !== null && failure === null && verdict === null,
  );
  return open.flatMap(({ upgrade, generation: id }) => {
    const stage = generations.find((one) => one.id === id)?.stage;
    const known = stage?.phase === "active" && ["proved", "rejected"].includes(stage.proof.kind);
    const toCome = stage !== undefined && stage.phase !== "draining" && !known;
    return toCome ? [] : [`nobody will tell what became of generation ${id} of upgrade ${upgrade}`];
  });
}

function wrongListeners({ listeners, closing, generations, nextListener }: State): string[] {
  const ids = new Set(listeners.map(({ id }) => id));
  const found = generations.flatMap(({ id, listeners: used }) =>
    used
      .filter((listener) => !ids.has(listener))
      .map((listener) => `generation ${id} uses unheld ${listener}`),
  );
  if (ids.size < listeners.length) found.push("a listener is known twice");
  if (closing.some(({ id }) => ids.has(id))) found.push("a listener is to be closed and in use");
  if ([...ids].some((id) => id >= nextListener)) found.push("a listener beyond nextListener");
  return found;
}

/** What is used is whole and stays, what nobody can use goes. */
function wrongSnapshots({ snapshots, generations, retired, nextGeneration }: State): string[] {
  const phases = new Map(snapshots.map(({ id, phase }) => [id, phase]));
  const found: string[] = [];
  if (phases.size < snapshots.length) found.push("a snapshot is known twice");
  if (snapshots.some(({ id }) => id >= nextGeneration)) found.push("a snapshot beyond nextGeneration");
  for (const { id, snapshot, stage } of generations) {
    const wanted = stage.phase === "candidate" && stage.step === "copying" ? "making" : "ready";
    const phase = snapshot === null ? wanted : phases.get(snapshot);
    if (phase !== wanted) found.push(`the snapshot of generation ${id}, ${stage.phase}, is ${phase}`);
  }
  for (const { generation, snapshot } of retired) {
    const phase = snapshot === null ? "ready" : phases.get(snapshot);
    if (phase !== "ready") found.push(`the snapshot to return to ${generation} with is ${phase}`);
  }
  const used = new Set([...generations, ...retired].map(({ snapshot }) => snapshot));
  for (const { id, phase } of snapshots) {
    if (!used.has(id) && (phase === "making" || phase === "ready"))
      found.push(`nobody can use snapshot ${id}`);
  }
  return found;
}

const legal: Record<string, readonly Worker["run"]["phase"][]> = {
  copying: [],
  checking: [],
  waiting: [],
  starting: ["spawning", "starting", "ready"],
  examining: ["spawning", "starting", "ready"],
  verifying: ["ready"],
  staged: ["ready"],
  active: ["waiting", "spawning", "starting", "ready", "draining"],
  held: ["waiting", "spawning", "starting", "ready", "draining"],
  draining: ["stopping", "draining"],
};

/** One that leaves a generation which serves on. */
function isRelieved(phase: Worker["run"]["phase"], leaving: Worker["leaving"]): boolean {
  return leaving !== undefined && phase === "stopping";
}

function wrongWorkers({ id, stage, workers, specification }: Generation): string[] {
  const label = stage.phase === "candidate" ? stage.step : stage.phase;
  const found = workers
    .filter(({ run, leaving }) => !legal[label]?.includes(run.phase) && !isRelieved(run.phase, leaving))
    .map(({ index, run }) => `worker ${id}.${index} is ${run.phase} in a generation that is ${label}`);
  const wanted = specification.plan.workers;
  const whole = ["active", "held", "starting", "examining", "verifying", "staged"].includes(label);
  const staying = workers.filter(({ leaving }) => leaving === undefined);
  if (whole && staying.length !== wanted) {
    found.push(`generation ${id} has ${staying.length} workers, not ${wanted}`);
  }
  for (const { index, run, leaving } of workers) {
    const waits = label !== "draining" && (run.phase === "starting" || run.phase === "ready");
    const comes = staying.some((one) => one.index === leaving?.heir);
    if (leaving !== undefined && waits && !comes)
      found.push(`nobody takes the place of worker ${id}.${index}`);
  }
  if (label === "draining" && workers.length === 0) found.push(`drained generation ${id} is still here`);
  if (new Set(workers.map(({ index }) => index)).size < workers.length) {
    found.push(`generation ${id} has an index twice`);
  }
  const pids = workers.flatMap(({ run }) => (isLive(run) ? [run.process.pid] : []));
  if (new Set(pids).size < pids.length) found.push(`generation ${id} has a pid twice`);
  return found;
}

function countIn(generations: readonly Generation[], phase: Generation["stage"]["phase"]): number {
  return generations.filter(({ stage }) => stage.phase === phase).length;
}
