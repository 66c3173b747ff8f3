import { expect, test } from 'vitest'
import { ourCode } from '../../helpers/our-code.ts'

/** Options of other programs: llama.cpp's, which joins pieces of a model, and Node's. */
const OTHERS = ['engine/child-process.ts', 'engine/language/gguf-check.ts']
/** What only somebody at a terminal can do. `src/cli/remedy-text.ts` and `src/cli/errors.ts` add it. */
const TERMINAL = /['"`( ]--[a-z]|\btarsier (?:describe|chat|trace|models|bench|doctor)\b|\bnp[mx] [a-z]/

test('sentences that reach the window and the page too name no option and no command of the command line', () => {
  const code = ['engine', 'library', 'service', 'shared'].flatMap((room) => ourCode(room))
  expect(code.filter(({ code }) => TERMINAL.test(code)).map(({ name }) => name)).toEqual(OTHERS)
})
