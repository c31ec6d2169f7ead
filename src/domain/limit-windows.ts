/** Windows of limits, in milliseconds: hours and days are those of UTC. */
export const limitWindows = { second: 1_000, hour: 3_600_000, day: 86_400_000 } as const;
