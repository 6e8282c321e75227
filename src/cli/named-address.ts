/** `[NAME=]ADDRESS` in its parts: a listener that is not named is `http`. Neither part is checked. */
export function splitNamedAddress(typed: string): { readonly name: string; readonly text: string } {
  const [, name = "http", text = ""] = /^(?:([^=:/[\]]*)=)?(.*)$/s.exec(typed) ?? [];
  return { name, text };
}
