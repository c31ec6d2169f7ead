/** A value that the door did not know, for instance an enum number from a newer contract. */
export type Unknown = "UNRECOGNIZED";
