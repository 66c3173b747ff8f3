import { expect, it } from 'vitest'
import { loadedLibraries } from '../../src/engine/language/loaded-libraries.ts'

it('are those that Node’s report lists', () => {
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] }
  expect(loadedLibraries()).toEqual(expect.arrayContaining(sharedObjects))
})
