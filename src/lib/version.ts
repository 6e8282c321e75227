/** The version of this package, as daemon and CLI tell it. */
export const version = "0.1.0";
