import { spawn } from "node:child_process";

/** Runs a module in a Node process of its own, with `fds` from number 3 on; gives what it printed once it has ended. */
export async function runNode(
  code: string,
  { fds = [], env = {} }: { readonly fds?: readonly number[]; readonly env?: Record<string, string> } = {},
): Promise<{ readonly stdout: string; readonly status: number | null }> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["ignore", "pipe", "inherit", ...fds],
    env: { ...process.env, ...env },
    timeout: 8000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { stdout: stdout.trim(), status };
}
