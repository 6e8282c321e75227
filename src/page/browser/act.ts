import type { Command } from "./offers.js";

const tokenKey = "holdfast-token";

/** What is to go with each action, as the server has said it. */
export interface Rights {
  readonly token: boolean;
  readonly csrf: string | null;
}

/** Whether it is known what the server wants to see. It is forgotten with the tab, and goes to no other port as a cookie would. */
export function hasToken(): boolean {
  return sessionStorage.getItem(tokenKey) !== null;
}

export function keepToken(token: string): void {
  sessionStorage.setItem(tokenKey, token.trim());
}

/** Asks the server to do it. Null: it is asked for; else why not, in words. */
export async function act(
  instance: string,
  command: Command,
  { token, csrf }: Rights,
  form: FormData,
): Promise<string | null> {
  const wish = new URLSearchParams();
  for (const [name, value] of form) if (typeof value === "string" && value !== "") wish.set(name, value);
  const answer = await fetch(`/api/act/${encodeURIComponent(instance)}/${command}?${wish}`, {
    method: "POST",
    headers: {
      ...(token && { Authorization: `Bearer ${sessionStorage.getItem(tokenKey)}` }),
      ...(csrf !== null && { "Holdfast-Csrf": csrf }),
    },
  }).catch(() => undefined);
  if (answer === undefined) return "The server does not answer. Nothing is known of what it did.";
  if (answer.ok) return null;
  const said: { readonly error?: { readonly reason?: string; readonly message?: string } } = await answer
    .json()
    .catch(() => ({}));
  if (said.error?.reason === "no-token") sessionStorage.removeItem(tokenKey);
  return said.error?.message ?? `The server refused it, with status ${answer.status}.`;
}
