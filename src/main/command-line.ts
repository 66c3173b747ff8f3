import { resolve } from 'node:path'

/**
 * The files on a command line, as absolute paths. `own` is how many words name the program itself: one when it is packaged, two when
 * Electron runs a folder. Words with a dash in front are Chromium's switches; a file of such a name is written `./-name`.
 */
export function filesOnCommandLine(argv: readonly string[], own: 1 | 2, folder: string): readonly string[] {
  return argv
    .slice(own)
    .filter((argument) => argument !== '' && !argument.startsWith('-'))
    .map((argument) => resolve(folder, argument))
}
