/** Which scope the key of a call has to hold, said beside the calls themselves. */
import type { Scope } from "../../domain/scopes.ts";

/** Of some of a service's calls, or of all. */
export type ScopesOf<Client> = Readonly<Partial<Record<keyof Client, Scope>>>;
