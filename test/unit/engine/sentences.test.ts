import { expect, test } from 'vitest'
import { ourCode } from '../../helpers/our-code.ts'

/** Options of other programs: llama.cpp's, which joins the parts of a split model, and Node's. */
const OTHERS = ['engine/child-process.ts', 'engine/language/gguf-check.ts']
/** Actions that exist only on a terminal. `src/cli/remedy-text.ts` and `src/cli/errors.ts` add them. */
const TERMINAL = /['"`( ]--[a-z]|\btarsier (?:describe|chat|trace|models|bench|doctor)\b|\bnp[mx] [a-z]/

test('messages that reach the window and the page name no options and commands of the command line', () => {
  const code = ['engine', 'library', 'service', 'shared'].flatMap((room) => ourCode(room))
  expect(code.filter(({ code }) => TERMINAL.test(code)).map(({ name }) => name)).toEqual(OTHERS)
})
