/** Gives the threads that tests start the compiled form of their files: half the time, and no type stripping in each. */
import { enableCompileCache } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

enableCompileCache(join(tmpdir(), "sms-relay-compile-cache"));
