import { createInterface } from 'node:readline/promises'
import { TarsierError } from '../shared/errors.ts'

/**
 * Asks on the terminal, and returns whether the answer was yes. Throws `usage` without a terminal, with a sentence that names the option to give instead.
 * @param otherwise such as `Removing x needs a confirmation, but there is no terminal. Add --yes.`
 */
export async function agreed(question: string, otherwise: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw new TarsierError('usage', otherwise)
  const readline = createInterface({ input: process.stdin, output: process.stderr })
  // On a terminal, readline receives Ctrl-C as a key, without a signal.
  readline.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  // The end of the input counts as an empty answer.
  const ended = new Promise<string>((resolve) => readline.once('close', () => resolve('')))
  try {
    const answer = await Promise.race([readline.question(question, { signal }), ended])
    signal.throwIfAborted()
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    readline.close()
  }
}
