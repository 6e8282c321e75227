const longestTurnMs = 5;

/**
 * Does `work` for each item, at most `limit` at a time; what else there is to do gets its turn, also where `work` waits for nothing. Rejects with the first failure; what then runs
 * still ends.
 */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  let turnMs = performance.now();
  const lane = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined && !failed; item = items[next++]) {
      try {
        if (performance.now() - turnMs > longestTurnMs) {
          await new Promise((resolve) => setImmediate(resolve));
          turnMs = performance.now();
        }
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: limit }, lane));
  for (const one of lanes) if (one.status === "rejected") throw one.reason;
}
