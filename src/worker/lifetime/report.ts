/** Says what an admin should know, where the app's own output goes: the journal. */
export function report(problem: string): void {
  process.stderr.write(`holdfast: ${problem}\n`);
}
