// Writes the gRPC service config of the contract, as the client that ships has it, for clients in other languages.
import { writeFileSync } from "node:fs";
import { serviceConfig } from "../src/client/service-config.ts";

writeFileSync(new URL("service-config.json", import.meta.url), `${JSON.stringify(serviceConfig, null, 2)}\n`);
