import { expect, test } from 'vitest'
import { ourCode } from '../../helpers/our-code.ts'

/** What only the command line can be told: GGUF pairs come by it alone, and the last two are other programs' options. */
const OWN = ['models/import/import-source.ts', 'models/download/gguf-pair-files.ts', 'language/gguf-check.ts', 'child-process.ts']

test("the engine's sentences fit the window and the page too: they name no option of the command line", () => {
  const naming = ourCode('engine').filter(({ code }) => /['"`( ]--[a-z]/.test(code))
  expect(naming.map(({ name }) => name).sort()).toEqual(OWN.map((name) => `engine/${name}`).sort())
})
