/** A value that an API did not know, for instance an enum number from a newer contract. */
export type Unknown = "UNRECOGNIZED";
