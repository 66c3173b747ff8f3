/**
 * Ways out of which a sentence speaks in words that fit every surface, and for which the command line has options or commands of its own. An
 * error has its way as `way` among its details; `src/cli/ways.ts` says how each is gone there.
 */
export const ways = [
  'install-again',
  'fetch-cuda-vision',
  'import-model',
  'smaller-language-model',
  'other-home',
  'name-vision-tower',
  'merge-adapter',
  'give-template',
  'choose-language-precision',
  'choose-vision-precision',
  'existing-texts',
  'missing-texts',
] as const

export type Way = (typeof ways)[number]
