import { buildIfStale } from '../../scripts/program.mjs'

/** Runs before the engine tests: the tests of the command line run the built program. */
export const setup = buildIfStale
