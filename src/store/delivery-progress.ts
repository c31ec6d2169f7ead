/** How the progress of a delivery is kept in its row: NULL where it has none yet, else JSON. */
import { type DeliveryProgress, noProgress } from "../domain/message.ts";

const plain = JSON.stringify(noProgress);

export function packProgress(progress: DeliveryProgress): string | null {
  const json = JSON.stringify(progress);
  return json === plain ? null : json;
}

export function parseProgress(json: string | null): DeliveryProgress {
  return json === null ? noProgress : (JSON.parse(json) as DeliveryProgress);
}
