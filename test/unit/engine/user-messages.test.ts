import { expect, test } from 'vitest'
import { sourceCode } from '../../helpers/source-code.ts'

/** Options of other programs: llama.cpp's, which joins the parts of a split model, and Node's. */
const OTHER_PROGRAMS = ['engine/child-process.ts', 'engine/language/gguf-check.ts']
/** Actions that exist only on a terminal. `src/cli/remedy-text.ts` and `src/cli/errors.ts` add them. */
const TERMINAL = /['"`( ]--[a-z]|\btarsier (?:describe|chat|trace|models|bench|doctor)\b|\bnp[mx] [a-z]/

test('messages that reach the window and the page name no options and commands of the command line', () => {
  const code = ['engine', 'library', 'service', 'shared'].flatMap((part) => sourceCode(part))
  expect(code.filter(({ code }) => TERMINAL.test(code)).map(({ name }) => name)).toEqual(OTHER_PROGRAMS)
})
