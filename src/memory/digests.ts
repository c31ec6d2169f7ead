/**
 * By which long texts are remembered: their SHA-256 in base64. Those of texts that come again and again are kept, since a digest costs two
 * microseconds. A look-up compares whole texts, by a hash that nobody outside can know: whoever guesses learns nothing from it.
 */
import { hash } from "node:crypto";
import { memoized } from "./memoized.ts";

const maxKept = 256;

export const createDigests = () => memoized(maxKept, (text) => hash("sha256", text, "base64"));
