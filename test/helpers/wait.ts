/** Time that a test waits for something that usually takes a moment, on a machine that does other things besides. */
export const WAIT = { timeout: 30_000 } as const
