import type { Command } from "./offers.js";

/** Asks the server to do it. Null: it is asked for; else why not, in words. */
export function act(
  instance: string,
  command: Command,
  csrf: string,
  form: FormData,
): Promise<string | null> {
  const wish = new URLSearchParams();
  for (const [name, value] of form) if (typeof value === "string" && value !== "") wish.set(name, value);
  const path = `/api/act/${encodeURIComponent(instance)}/${command}`;
  return post(`${path}?${wish}`, { "Holdfast-Csrf": csrf });
}

/** Makes this browser one that may act. Null: it is one; else why not. */
export function enter(token: string): Promise<string | null> {
  return post("/api/session", { Authorization: `Bearer ${token}` });
}

async function post(path: string, headers: Readonly<Record<string, string>>): Promise<string | null> {
  const answer = await fetch(path, { method: "POST", headers }).catch(() => undefined);
  if (answer === undefined) return "The server does not answer. Nothing is known of what it did.";
  if (answer.ok) return null;
  const said: { readonly error?: { readonly message?: string } } = await answer.json().catch(() => ({}));
  return said.error?.message ?? `The server refused it, with status ${answer.status}.`;
}
