/** `npm run fuzz`: feeds targets for as long as you like, each failure with what does it again. */
import { parseArgs } from "node:util";
import { messageOf } from "../../src/lib/failure.js";
import { type Entry, targets } from "./targets.js";

/** A target is opened anew now and then, and after a failure. */
const seedsEach = 20;
/** More of one target says nothing new. */
const mostFailures = 5;
const mostShown = 500;

/** How many seeds failed. */
async function fuzz(name: string, { open }: Entry, firstSeed: number, untilMs: number): Promise<number> {
  let [seed, failures] = [firstSeed, 0];
  while (performance.now() < untilMs && failures < mostFailures) {
    await using target = await open();
    for (let fed = 0; fed < seedsEach && performance.now() < untilMs; fed += 1) {
      try {
        await target.feed(seed);
        seed += 1;
      } catch (error) {
        failures += 1;
        console.log(`✖ ${name}, seed ${seed}: ${withTexts(messageOf(error))}`);
        console.log(`  again: npm run fuzz -- ${name} --seed ${seed}\n`);
        seed += 1;
        break;
      }
    }
  }
  console.log(`${name}: ${seed - firstSeed} seeds from ${firstSeed}, ${failures} failed`);
  return failures;
}

/** Bytes as the text that they mostly are. */
function withTexts(message: string): string {
  return message.replaceAll(/Buffer\.from\(\[([\d,]*)\]\)/g, (_, numbers: string) => {
    const bytes = Buffer.from(numbers === "" ? [] : numbers.split(",").map(Number));
    const shown = JSON.stringify(bytes.subarray(0, mostShown).toString("latin1"));
    return `${shown}${bytes.length > mostShown ? ` and ${bytes.length - mostShown} bytes` : ""}`;
  });
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: `${Date.now() % 1e6}` },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
const isKnown = (name: string): boolean => Object.hasOwn(targets, name);
if (!(minutes > 0) || !Number.isInteger(seed) || seed < 0 || !positionals.every(isKnown)) {
  console.error(`usage: npm run fuzz -- [${Object.keys(targets).join("|")}]... [--minutes N] [--seed S]`);
  process.exit(2);
}
const chosen = Object.entries(targets).filter(
  ([name]) => positionals.length === 0 || positionals.includes(name),
);
const eachMs = (minutes * 60_000) / chosen.length;
let failures = 0;
for (const [name, entry] of chosen) failures += await fuzz(name, entry, seed, performance.now() + eachMs);
process.exit(failures === 0 ? 0 : 1);
