import assert from "node:assert/strict";
import { test } from "node:test";
import { assertAlone } from "../harness/process/alone.js";
import { armFault, disarmFault } from "../harness/process/fault.js";
import { Rig } from "../harness/process/rig.js";
import { asRoot, elsewhere, notFirst, Taker } from "../harness/process/taker.js";

for (const how of ["die-before", "die-after"] as const) {
  test(
    `MOSN: the receiver may ${how.replace("-", " ")} any effect until its own workers serve: the old one takes everything back`,
    asRoot,
    async (t) => {
      await using rig = new Rig({ standalone: true, faulty: true, native: true });
      rig.manager.start();
      const { pid } = await rig.settled();
      const workers = rig.workers();
      await using load = rig.load();
      rig.release({ version: "2" });
      const struck: string[] = [];
      let open: readonly string[] | undefined;
      for (;;) {
        armFault(rig.directory, { at: struck.length + 1, how, who: "new" });
        await using taker = new Taker(rig, [...elsewhere, ...notFirst]);
        await taker.exited;
        const effect = disarmFault(rig.directory) ?? "";
        assert.notEqual(effect, "", taker.log);
        struck.push(effect);
        const isTakenOver = (): boolean => rig.manager.log().includes("has taken over");
        // The old one may not have read yet what was the last word of the new one.
        await rig.manager.waitFor(
          "the old one to know",
          async () => isTakenOver() || (await rig.control.status()).ok,
        );
        // Since the commit is on disk there is no way back: the old workers serve until the new daemon is started again.
        if (isTakenOver()) break;
        const back = await rig.settled();
        assert.deepEqual([back.pid, rig.workers()], [pid, workers], effect);
        const now = await assertAlone(rig, pid, back, rig.runtimeDirectory, open);
        // As it is once it has taken everything back.
        if (struck.length > 1) open ??= now;
        // Native candidates stand by: they end with their namespace, and no client was with them.
        assert.deepEqual(load.failures, [], effect);
      }
      t.diagnostic(struck.join(", "));
      assert.ok(struck.includes("spawn") && struck.includes("open-gate"), struck.join(", "));
    },
  );
}

for (const how of ["die-before", "die-after"] as const) {
  test(`the new daemon may ${how.replace("-", " ")} any step of taking the workers over, too: the old one has everything back`, async (t) => {
    await using rig = new Rig({ standalone: true, faulty: true, native: true });
    rig.manager.start();
    const { pid } = await rig.settled();
    const workers = rig.workers();
    await using load = rig.load();
    const struck: string[] = [];
    let open: readonly string[] | undefined;
    for (;;) {
      armFault(rig.directory, { at: struck.length + 1, how, who: "new" });
      await using taker = new Taker(rig);
      const serving = await taker.servesOrEnded(rig);
      const effect = disarmFault(rig.directory);
      if (effect !== undefined) struck.push(effect);
      // It may also be struck at what it does after that.
      const sent = how === "die-after" ? struck : struck.slice(0, -1);
      const heardReady = serving !== undefined || sent.includes("send ready");
      if (!heardReady) {
        const back = await rig.settled();
        assert.equal(back.pid, pid, effect);
        const now = await assertAlone(rig, pid, back, rig.runtimeDirectory, open);
        if (struck.length > 1) open ??= now;
        continue;
      }
      await rig.manager.ended();
      // Both are gone: whoever started them starts one again.
      if (serving === undefined) rig.manager.start();
      const status = serving ?? (await rig.settled());
      const inCharge = rig.daemons();
      assert.equal(inCharge.length, 1);
      const place = serving === undefined ? rig.runtimeDirectory : taker.runtimeDirectory;
      await assertAlone(rig, inCharge[0] ?? 0, status, place);
      assert.deepEqual(rig.workers(), workers);
      await load.stop();
      assert.deepEqual(load.failures, []);
      break;
    }
    t.diagnostic(struck.join(", "));
    assert.ok(struck.includes("send take") && struck.includes("persist"), struck.join(", "));
  });
}

for (const [where, place, options] of [
  ["beside it", [], {}],
  ["in another container", elsewhere, asRoot],
] as const) {
  test(
    `the old daemon may die before or after any step of giving to one ${where}: one daemon is in charge, and serves`,
    options,
    async (t) => {
      for (const how of ["die-before", "die-after"] as const) {
        const struck: string[] = [];
        for (let effect: string | undefined = ""; effect !== undefined; ) {
          await using rig = new Rig({ standalone: true, faulty: true, native: true });
          rig.manager.start();
          await rig.settled();
          await using load = rig.load();
          rig.release({ version: "2" });
          armFault(rig.directory, { at: struck.length + 1, how, who: "old" });
          await using taker = new Taker(rig, place);
          let status = await taker.servesOrEnded(rig);
          await rig.manager.ended();
          effect = disarmFault(rig.directory);
          // Without everything there is nothing to go on with: whoever started the old one starts it again.
          if (status === undefined) rig.manager.start();
          const runtimeDirectory = status === undefined ? rig.runtimeDirectory : taker.runtimeDirectory;
          status ??= await rig.settled();
          await rig.manager.waitFor("one daemon", () => rig.daemons().length === 1);
          const [pid = 0] = rig.daemons();
          await assertAlone(rig, pid, status, runtimeDirectory);
          await load.stop();
          assert.deepEqual(load.failures, [], effect);
          if (effect !== undefined) struck.push(effect);
        }
        t.diagnostic(`${how}: ${struck.join(", ")}`);
        assert.ok(struck.includes("persist") && struck.includes("send given"), struck.join(", "));
      }
    },
  );
}
