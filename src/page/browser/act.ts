/** Asks the server to do it. Null: it is asked for; else why not, in words. */
export async function act(instance: string, command: string, form: FormData): Promise<string | null> {
  const [message, to] = [form.get("message"), form.get("to")];
  const wish = {
    ...(typeof message === "string" && message !== "" && { message }),
    ...(typeof to === "string" && { to: Number(to) }),
    ...(form.get("force") !== null && { force: true }),
  };
  const answer = await fetch(`/api/act/${encodeURIComponent(instance)}/${command}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-holdfast": "1" },
    body: JSON.stringify(wish),
  }).catch(() => undefined);
  if (answer === undefined) return "The server does not answer. Nothing is known of what it did.";
  if (answer.ok) return null;
  const said: { readonly error?: { readonly message?: string } } = await answer.json().catch(() => ({}));
  return said.error?.message ?? `The server refused it, with status ${answer.status}.`;
}
