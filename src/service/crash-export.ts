import { homedir, userInfo } from 'node:os'
import { pathToFileURL } from 'node:url'
import { hasMediaExtension } from '../engine/media/media-names.ts'
import { listCrashReports } from '../platform/crash-reports.ts'
import type { TextFile } from '../shared/contract/base.ts'
import { programFolder } from './version.ts'

/**
 * All crash reports of a home folder as one file for a bug report. Unless `withPaths`, what may be a path or the name of a clip is left out, rather
 * too much than too little: only paths in the program's own folder remain.
 */
export async function exportCrashes(home: string, { withPaths }: { readonly withPaths: boolean }): Promise<TextFile> {
  const own = [homedir(), userInfo().username]
  const linesOf = (text: string) => (withPaths ? text : withoutPaths(text, programFolder(), own)).split('\n')
  const reports = (await listCrashReports(home)).map(({ time, reason, stack, output, ...rest }) => ({
    ...rest,
    time: new Date(time).toISOString(),
    reason: linesOf(reason),
    stack: linesOf(stack),
    output: linesOf(output),
  }))
  return { name: 'tarsier-crashes.json', mediaType: 'application/json', text: `${JSON.stringify(reports, null, 2)}\n` }
}

/** The start of an absolute path or a URL. Its end is unknown, as names may contain spaces. */
const PATH_START = /(?<![\w.>/\\-])\/\S|\b\w+:\/\/|\b[A-Za-z]:[\\/]|\\\\\S/

/**
 * Ends each line at its first path outside of the folder `program`, and leaves out lines with the name of a video or picture.
 * @param own words that are replaced everywhere, such as the user's name
 */
export function withoutPaths(text: string, program: string, own: readonly string[]): string {
  const folders = [`${pathToFileURL(program).href}/`, `${program}/`, `${program}\\`]
  return text
    .split('\n')
    .map((line) => {
      const ours = folders.reduce((rest, folder) => rest.replaceAll(folder, `<program>${folder.at(-1)}`), line)
      const start = ours.search(PATH_START)
      const cut = start < 0 ? ours : `${ours.slice(0, start)}<path>`
      if (cut.split(/[\s'"`(),;:]+/).some(hasMediaExtension)) return '<a line with the name of a clip>'
      return own.filter((word) => word.length > 2).reduce((rest, word) => rest.replaceAll(word, '<me>'), cut)
    })
    .join('\n')
}
