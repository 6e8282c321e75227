import type { ControlClient } from "../../control/client.js";
import type { AccountReport } from "../../lib/account.js";

/** Of an upgrade that is under way, or that has made a generation; null where the daemon has none. */
export async function findAccount(client: ControlClient, upgrade: number): Promise<AccountReport | null> {
  const status = await client.status();
  const current = status.ok
    ? status.value.accounts.find((account) => account.upgrade === upgrade)
    : undefined;
  if (current !== undefined) return current;
  const history = await client.history();
  const entry = history.ok ? history.value.find(({ account }) => account?.upgrade === upgrade) : undefined;
  return entry?.account ?? null;
}
