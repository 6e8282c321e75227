import { runDaemon } from "../../src/daemon/run-daemon.js";
import { monotonicMs } from "../../src/linux/boot.js";
import type { Action } from "../../src/model/event.js";
import { activeGeneration } from "../../src/model/find.js";
import type { State } from "../../src/model/state.js";
import type { Effects } from "../../src/supervisor/effects.js";
import { stamp } from "./stamps.js";

/** What an upgrade waits for. */
function isStep({ type }: Action): boolean {
  return ["make-snapshot", "open-gate", "verify", "activate"].includes(type);
}

/** The daemon as it is, and stamps of what it does when. A stamp is written when nobody waits for what comes next. */
function timed(effects: Effects): Effects {
  let active: number | undefined;
  let turnAt = 0;
  let adopted = false;
  let published = false;
  const persist = (state: State) => {
    const written = effects.persist(state);
    const persistedAt = monotonicMs();
    // The first write is that of the event `recovered`: fds and processes have found their places before it.
    if (!adopted) stamp({ what: "adopted", atMs: persistedAt });
    adopted = true;
    const generation = activeGeneration(state)?.id;
    if (generation !== undefined && generation !== active) {
      active = generation;
      stamp({ what: "decided", atMs: turnAt, generation });
      stamp({ what: "persisted", atMs: persistedAt, generation });
    }
    return written;
  };
  return {
    ...effects,
    // Asked for once at the beginning of each turn of the loop, before `decide`.
    clock: () => {
      const clock = effects.clock();
      turnAt = clock.now;
      return clock;
    },
    persist,
    publish: (state) => {
      effects.publish(state);
      // The first time it is told READY=1: whatever was adopted serves.
      if (!published) stamp({ what: "ready" });
      published = true;
    },
    perform: (action, state) => {
      if (action.type === "exit") stamp({ what: "exit" });
      if (!isStep(action)) return effects.perform(action, state);
      stamp({ what: "do", action: action.type });
      const answer = effects.perform(action, state);
      if (answer instanceof Promise)
        answer.then(
          () => stamp({ what: "done", action: action.type }),
          () => {},
        );
      return answer;
    },
  };
}

stamp({ what: "process-start", atMs: monotonicMs() - performance.now() });
stamp({ what: "loaded" });
process.on("SIGTERM", () => stamp({ what: "sigterm" }));
process.on("SIGHUP", () => stamp({ what: "sighup" }));
await runDaemon(process.argv.slice(2), timed);
