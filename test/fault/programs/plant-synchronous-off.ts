/**
 * A planted fault, loaded with `--import`: every database of the process and of its workers is opened as asked, and then
 * stops waiting for the disk. The check of durability must find it.
 */
import { DatabaseSync } from "node:sqlite";

const exec = DatabaseSync.prototype.exec;

DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string): void {
  exec.call(this, sql.replace(/synchronous\s*=\s*\w+/gi, "synchronous = off"));
};
