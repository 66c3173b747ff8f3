/**
 * What a user can do about an error, where the command line has options or commands for it. An error's sentence says the same in words that fit
 * every surface; `src/cli/remedy-text.ts` adds the options.
 */
export const remedies = [
  'install-again',
  'install-gpu-pack',
  'import-model',
  'smaller-language-model',
  'other-home',
  'name-vision-tower',
  'merge-adapter',
  'give-template',
  'choose-language-precision',
  'choose-vision-precision',
  'existing-texts',
  'existing-file',
  'missing-texts',
  'retry-devices',
] as const

export type Remedy = (typeof remedies)[number]
