import { Differential, variants } from "../unit/worker/carriers/http/differential.js";

/** Random HTTP/1.1 streams to moved and unmoved connections, one seed after the other, until the time is over; how many differed. */
export async function fuzzHttp(firstSeed: number, untilMs: number): Promise<number> {
  let [streams, moves, differences] = [0, 0, 0];
  for (let seed = firstSeed; performance.now() < untilMs; ) {
    for (const variant of variants) {
      await using differential = await Differential.open(variant);
      for (const end = seed + 100; seed < end && performance.now() < untilMs; seed += 1) {
        const difference = await differential.compare(seed);
        streams += 1;
        if (difference === undefined) continue;
        differences += 1;
        console.log(JSON.stringify(difference, null, 2));
      }
      moves += differential.moves;
    }
  }
  console.log(
    `http: ${streams} streams from seed ${firstSeed}, ${moves} moves, ${differences} answered otherwise`,
  );
  return differences;
}
