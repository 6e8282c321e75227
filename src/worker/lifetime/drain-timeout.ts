import { parseDuration } from "../../lib/duration.js";

const defaultMs = 30_000;

/**
 * How long a process drains before it cuts what is left: HOLDFAST_DRAIN_TIMEOUT, 30 s when it is not set or cannot be read.
 * Undefined under holdfastd, which keeps that deadline itself.
 */
export function drainTimeoutMs(
  env: NodeJS.ProcessEnv,
  report: (problem: string) => void,
): number | undefined {
  const { HOLDFAST_GENERATION: generation, HOLDFAST_DRAIN_TIMEOUT: text } = env;
  if (generation !== undefined) return undefined;
  if (text === undefined) return defaultMs;
  const parsed = parseDuration(text);
  if (parsed.ok) return parsed.value;
  report(`HOLDFAST_DRAIN_TIMEOUT: ${parsed.failure.message}`);
  return defaultMs;
}
