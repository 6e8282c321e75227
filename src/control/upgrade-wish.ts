/**
 * How an upgrade may be asked for: each is a word of the query and an option of `holdfast upgrade`. With `hold` the generation
 * before the new one serves on until somebody decides, with `stage` the new one stands by until it is committed, with `force` it may
 * be one that was judged bad.
 */
export const wishFlags = ["hold", "stage", "force"] as const;

/** How long somebody waits: until the upgrade is done, its trial included, or until it is known what became of its generation. */
export type Wait = "done" | "proved";

export type WishFlag = (typeof wishFlags)[number];
type Flags = { [Flag in WishFlag]?: boolean };

/** Longer is cut: it is a word beside a version, no story. */
export const messageLimit = 200;

export interface UpgradeWish extends Readonly<Flags> {
  /** Why, in the words of whoever asks. */
  readonly message?: string;
  /** It is `systemctl reload` that asks. */
  readonly reload?: boolean;
  /** The generation to roll back to. */
  readonly to?: number;
  /**
   * Of a commit or rollback: the generation that is to be kept or left. Where it is another one by then nothing is done, nor where going
   * back would lose what clients have changed.
   */
  readonly only?: number;
}

export function wishFor(isGiven: (flag: WishFlag) => boolean): UpgradeWish {
  const flags: Flags = {};
  for (const flag of wishFlags) if (isGiven(flag)) flags[flag] = true;
  return flags;
}
