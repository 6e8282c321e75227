/** What a test or its harness throws when something is not as it has to be: a `code` to tell cases apart. */
export class HarnessError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.name = "HarnessError";
    this.code = code;
  }
}
