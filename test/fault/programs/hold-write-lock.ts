/** A foreign process on the database: takes the write lock, says so, and gives it back after a time. */
import { DatabaseSync } from "node:sqlite";

const [path = "", heldMs = "0"] = process.argv.slice(2);
using db = new DatabaseSync(path, { timeout: 10_000 });
db.exec("begin immediate");
process.stdout.write("locked\n");
await new Promise((resolve) => setTimeout(resolve, Number(heldMs)));
db.exec("rollback");
