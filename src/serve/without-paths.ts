import { homedir } from 'node:os'
import { mediaExtensions } from '../engine/media/media-names.ts'

const SHOWN = 'a file of this server'
/** Stands for a known folder. A private character, which no message contains. */
const KNOWN = '\ue000'

/** A character of a name, or punctuation inside of one. */
const NAME = String.raw`(?:[^\s"'<>|:;,()\\/]|[,;('](?=\w)|\)(?=\.?\w))`
/** Start of an absolute path: of Windows, or of a folder elsewhere, except in paths of the OpenAI-compatible API. */
const START = String.raw`(?:[A-Za-z]:[\\/]|\\\\(?=\w)|\/(?!v1\/|\/)${NAME}*[\\/])`
/** A character before the end of the sentence and before the next path. */
const INSIDE = String.raw`(?!\.\s|[\s('](?:file:|[A-Za-z]:[\\/]|\\\\|\/|${KNOWN}))[^\n"<>|:]`
/**
 * A path. Names contain spaces, so that its end is unknown: it continues to the last separator in the sentence, and to the extension of a video
 * or picture. That takes away too much rather than too little.
 */
const PATH = new RegExp(
  String.raw`(?:file:\/\/|${KNOWN}|(?<![\w/.:])${START})(?:(?:${INSIDE})*[\\/])?${NAME}*(?<!\.)(?:(?:(?!\.\s)[^\n"<>|:;,()\\/])*(?:${mediaExtensions.map((extension) => `\\${extension}`).join('|')})\b)?`,
  'gi',
)

/**
 * Replaces paths of this machine in a message for clients of the server.
 * @param folders known folders, which are recognized whatever their names contain; the user's own folder is added
 */
export function withoutPaths(message: string, folders: readonly string[]): string {
  const known = [...folders, homedir()].filter((folder) => folder.length > 1).toSorted((a, b) => b.length - a.length)
  return known.reduce(marked, message).replace(PATH, SHOWN)
}

/** Marks a folder in a text, except where its path is only a part of a longer name. */
function marked(text: string, folder: string): string {
  return text.replaceAll(folder, (path, at: number) => {
    const isWhole = !/[\w.]/.test(text[at - 1] ?? '') && !/\w/.test(text[at + path.length] ?? '')
    return isWhole ? KNOWN : path
  })
}
