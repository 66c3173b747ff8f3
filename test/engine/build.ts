import { buildIfStale } from '../../scripts/program.mjs'

/** Before the engine's tests: those of the command line run what is built. */
export const setup = buildIfStale
