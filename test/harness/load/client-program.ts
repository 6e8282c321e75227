const REPORT_EVERY_MS = 50;

/**
 * The frame of a client that is a program of its own, so that it can run in another network namespace. It prints a report as a line
 * of JSON every 50 ms and a last one at the end. A line on standard input, or its end, or `durationMs`, stops it: `work` sends
 * nothing further once `stopping` says so, and returns when what is in flight has ended.
 */
export async function runClient(
  durationMs: number,
  report: () => unknown,
  work: (stopping: () => boolean) => Promise<unknown>,
): Promise<void> {
  let stopped = false;
  const stop = (): void => {
    stopped = true;
  };
  const print = (): void => console.log(JSON.stringify(report()));
  process.stdin.on("data", stop).on("end", stop);
  const end = setTimeout(stop, durationMs);
  const progress = setInterval(print, REPORT_EVERY_MS);
  await work(() => stopped);
  clearTimeout(end);
  clearInterval(progress);
  print();
  process.stdin.destroy();
}
