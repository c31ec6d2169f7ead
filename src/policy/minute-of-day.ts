/** What a clock on the wall shows in a zone. The last answer by zone is remembered, since formatting a time takes some µs. */

const minuteMs = 60_000;

interface Wall {
  readonly format: Intl.DateTimeFormat;
  minuteFromEpoch: number;
  minuteOfDay: number;
}

const walls = new Map<string, Wall>();

/** Minutes since midnight in a zone of the IANA database. */
export function minuteOfDay(zone: string, timeMs: number): number {
  let wall = walls.get(zone);
  if (wall === undefined) {
    const format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
    wall = { format, minuteFromEpoch: Number.NaN, minuteOfDay: 0 };
    walls.set(zone, wall);
  }
  const minuteFromEpoch = Math.floor(timeMs / minuteMs);
  if (wall.minuteFromEpoch !== minuteFromEpoch) {
    const [hours = "", minutes = ""] = wall.format.format(minuteFromEpoch * minuteMs).split(":");
    wall.minuteFromEpoch = minuteFromEpoch;
    wall.minuteOfDay = Number(hours) * 60 + Number(minutes);
  }
  return wall.minuteOfDay;
}
