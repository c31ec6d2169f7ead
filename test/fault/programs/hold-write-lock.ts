/** A foreign process on the database: takes the write lock, says so, and gives it back when it is sent a line. */
import { once } from "node:events";
import { DatabaseSync } from "node:sqlite";

const [path = ""] = process.argv.slice(2);
using db = new DatabaseSync(path, { timeout: 60_000 });
db.exec("begin immediate");
process.stdout.write("locked\n");
await once(process.stdin, "data");
db.exec("rollback");
process.exit();
