import { resolve } from 'node:path'

/**
 * Returns the files on a command line as absolute paths. `own` is the number of arguments that name the program itself: one when packaged, two
 * when Electron runs a folder. Arguments with a leading dash are Chromium switches, which may stand before that folder; write such a file name as
 * `./-name`.
 */
export function filesOnCommandLine(argv: readonly string[], own: 1 | 2, folder: string): readonly string[] {
  return argv
    .filter((argument) => argument !== '' && !argument.startsWith('-'))
    .slice(own)
    .map((argument) => resolve(folder, argument))
}
