import { translate } from '../shared/translate.ts'

/** A message of commander about the command line, in the language of this process and in the form of the program's other errors. */
export function usageText(message: string): string {
  const lines = message.replace(/^error: /, '').split('\n')
  return `tarsier: ${lines.map((line) => translate(line)).join('\n')}`
}
