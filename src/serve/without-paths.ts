/** Matches paths with at least one folder on any system, except those of the OpenAI-compatible API. */
const PATH = /file:\/\/\S*|(?<![\w/.:])(?:[A-Za-z]:[\\/]|\/(?!v1\/|\/))[^\s"'<>|:;,()]*[\\/][^\s"'<>|:;,()]*/g

/** Replaces paths of this machine in a message for clients of the server. */
export function withoutPaths(message: string): string {
  return message.replace(PATH, 'a file of this server')
}
