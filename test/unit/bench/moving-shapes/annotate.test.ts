import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { type AnnotationLine, readAnnotations } from '../../../../src/bench/annotations.ts'
import { dataSetOf } from '../../../../src/bench/datasets.ts'
import { parseChoice } from '../../../../src/bench/metrics/multi-choice.ts'
import { annotateMovingShapes } from '../../../../src/bench/moving-shapes/annotate.ts'
import { clipOf } from '../../../../src/bench/moving-shapes/clips.ts'
import { eventsIn } from '../../../../src/bench/moving-shapes/events.ts'
import { movingShapesAnnotations } from '../../../../src/bench/moving-shapes/moving-shapes.ts'
import { scoreDescription } from '../../../../src/bench/moving-shapes/score.ts'
import type { Sample } from '../../../../src/bench/sample.ts'

async function samples(): Promise<Sample[]> {
  const lines: AnnotationLine[] = []
  for await (const line of readAnnotations(movingShapesAnnotations(), new AbortController().signal)) {
    if (line.kind === 'broken') throw new Error(`line ${line.line}: ${line.reason}`)
    lines.push(line)
  }
  return lines.map(({ sample }) => sample)
}

/** Options by letter. */
function optionsOf(prompt: string): Map<string, string> {
  return new Map([...prompt.matchAll(/^\(([A-Z])\) (.*)$/gm)].map(([, letter = '', text = '']) => [letter, text]))
}

describe('the annotations of moving-shapes', () => {
  it('equal the output of the current generator', async () => {
    expect(await readFile(movingShapesAnnotations(), 'utf8')).toBe(
      annotateMovingShapes()
        .map((line) => `${line}\n`)
        .join(''),
    )
  })

  it('are samples of the four data sets with unique keys', async () => {
    const all = await samples()
    expect(new Set(all.map(({ key }) => key)).size).toBe(all.length)
    const counts = new Map<string, number>()
    for (const { dataset } of all) {
      const name = dataSetOf(dataset)?.name ?? dataset
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    expect(Object.fromEntries(counts)).toEqual({
      'moving-shapes-dream': 120,
      'moving-shapes-mc': 360,
      'moving-shapes-oe': 360,
      'moving-shapes-check': 400,
    })
  })

  it('describe the clips of their seeds', async () => {
    for (const { vid, reference, extraInfo } of (await samples()).filter(({ dataset }) => dataset.startsWith('moving-shapes-dream/'))) {
      const { scene } = clipOf(vid)
      expect(scoreDescription(scene, String(reference)).exact).toEqual([1, 1])
      expect(extraInfo.events).toEqual(eventsIn(String(reference)))
      expect(extraInfo.n_subjects).toBe(scene.objects.length)
    }
  })

  it('have two to four options with distinct letters, one of them right, that the parser recognizes', async () => {
    const choices = (await samples()).filter(({ dataset }) => dataset.startsWith('moving-shapes-mc/'))
    for (const { prompt, reference, answerPrefix } of choices) {
      const options = optionsOf(prompt)
      expect(options.size, prompt).toBeGreaterThanOrEqual(2)
      expect(prompt.match(/^\([A-Z]\) /gm)?.length, prompt).toBe(options.size)
      expect(new Set(options.values()).size, prompt).toBe(options.size)
      expect([...options.keys()]).toContain(reference)
      // Without an answer prefix, the word is its letter.
      if (answerPrefix === '') for (const [letter, text] of options) expect(parseChoice(text)).toBe(letter)
      else expect(answerPrefix).toBe(' Answer: (')
    }
  })

  it('mark the answer that the scene shows', async () => {
    const colors = (await samples()).filter(({ dataset }) => dataset === 'moving-shapes-mc/color')
    for (const { vid, prompt, reference } of colors) {
      const { objects } = clipOf(vid).scene
      const right = optionsOf(prompt).get(String(reference))?.slice(0, -1).toLowerCase()
      const asked = objects.find(({ shape }) => prompt.includes(`the ${shape}`)) ?? objects[0]
      expect(right).toBe(asked?.color)
    }
    expect(colors.length).toBeGreaterThan(40)
  })
})

describe('clipOf', () => {
  it.each([0, -1, 1.5, '1', '../1', null, 2 ** 41])('rejects %s as the name of a clip', (vid) => {
    expect(() => clipOf(vid)).toThrow(expect.objectContaining({ code: 'bench-damaged' }))
  })
})
