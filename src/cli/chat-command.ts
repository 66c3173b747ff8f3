/** Meaning of one input line. */
export type ChatCommand =
  | { readonly kind: 'ask'; readonly text: string }
  | { readonly kind: 'reset' }
  | { readonly kind: 'regenerate' }
  | { readonly kind: 'frames'; readonly count: number | null }
  | { readonly kind: 'open'; readonly file: string }
  | { readonly kind: 'help' }
  | { readonly kind: 'exit' }
  | { readonly kind: 'nothing' }
  /** An unknown or misused slash command; `hint` gives the correct usage. */
  | { readonly kind: 'wrong'; readonly hint: string }

export const CHAT_HELP = `Type a question about the clip, or:
  /regenerate   generate the last answer again
  /frames       list the frames the model saw
  /frames N     use N frames (starts a new conversation)
  /open FILE    start a conversation about another clip
  /reset        start a new conversation about the same clip (also: reset)
  /help         show this help
  /exit         exit (also: exit, Ctrl-D; Ctrl-C stops an answer, or exits at the prompt)`

const NAMES = ['/reset', '/regenerate', '/frames', '/open', '/help', '/exit', '/quit'] as const

/**
 * Parses an input line. `reset` and `exit` without a slash are commands too, as in Tarsier's own terminal chat. A question that begins with a slash
 * must be preceded by a space.
 */
export function parseChatLine(line: string): ChatCommand {
  const text = line.trim()
  if (text === '') return { kind: 'nothing' }
  if (text === 'reset') return { kind: 'reset' }
  if (text === 'exit') return { kind: 'exit' }
  if (!line.startsWith('/')) return { kind: 'ask', text }

  const space = text.search(/\s/)
  const name = space < 0 ? text : text.slice(0, space)
  const rest = space < 0 ? '' : text.slice(space).trim()
  switch (name) {
    case '/reset':
      return { kind: 'reset' }
    case '/regenerate':
      return { kind: 'regenerate' }
    case '/frames':
      if (rest === '') return { kind: 'frames', count: null }
      return /^\d+$/.test(rest)
        ? { kind: 'frames', count: Number(rest) }
        : { kind: 'wrong', hint: '/frames requires a whole number, e.g. /frames 8.' }
    case '/open':
      return rest === '' ? { kind: 'wrong', hint: '/open requires a file, e.g. /open clip.mp4.' } : { kind: 'open', file: unquoted(rest) }
    case '/help':
      return { kind: 'help' }
    case '/exit':
    case '/quit':
      return { kind: 'exit' }
    default:
      return { kind: 'wrong', hint: `Unknown command ${name}. Commands: ${NAMES.join(', ')}.` }
  }
}

/**
 * Removes shell quoting. A file dragged onto a terminal is inserted in quotes, or on macOS and Linux with a backslash before each character that is
 * not a letter. On Windows, backslashes separate folders.
 */
function unquoted(text: string, windows = process.platform === 'win32'): string {
  if (/^(['"]).+\1$/s.test(text)) return text.slice(1, -1)
  return windows ? text : text.replace(/\\(.)/gs, '$1')
}
