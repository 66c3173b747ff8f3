import { describe, expect, it } from 'vitest'
import {
  bestForm,
  formBytes,
  frameSize,
  languageBytes,
  runningMemory,
  runOnMachine,
  visionBytes,
} from '../../../src/engine/estimate/catalogue-memory.ts'
import { fitsMachine } from '../../../src/engine/estimate/memory-needed.ts'
import { findInCatalogue, readCatalogue } from '../../../src/engine/models/catalogue.ts'
import { type CatalogueEntry, licenceText } from '../../../src/shared/catalogue.ts'
import { type LanguagePrecision, languagePrecisions, visionPrecisions } from '../../../src/shared/model-manifest.ts'

async function entry(name: string): Promise<CatalogueEntry> {
  const found = await findInCatalogue(name)
  if (found === null) throw new Error(`no ${name}`)
  return found
}

describe('the catalogue', () => {
  it('contains the four Tarsiers, those of Qwen, and seven models that others made of them, found by name and repository', async () => {
    const entries = await readCatalogue()
    expect(entries.map(({ repository }) => repository)).toEqual([
      'omni-research/Tarsier2-Recap-7b',
      'omni-research/Tarsier2-7b-0115',
      'omni-research/Tarsier-7b',
      'omni-research/Tarsier-34b',
      'Qwen/Qwen2-VL-2B-Instruct',
      'Qwen/Qwen2-VL-7B-Instruct',
      'Qwen/Qwen2.5-VL-3B-Instruct',
      'Qwen/Qwen2.5-VL-7B-Instruct',
      'Qwen/Qwen2.5-VL-32B-Instruct',
      'Qwen/Qwen2.5-VL-72B-Instruct',
      'Qwen/Qwen3-VL-2B-Instruct',
      'Qwen/Qwen3-VL-4B-Instruct',
      'Qwen/Qwen3-VL-8B-Instruct',
      'Skywork/SkyCaptioner-V1',
      'TencentARC/TimeLens-8B',
      'MCG-NJU/TimeLens2-2B',
      'MCG-NJU/TimeLens2-4B',
      'MCG-NJU/TimeLens2-8B',
      'VidBridge-R1/VidBridge-R1',
      'OwlCap/OwlCap-7B',
    ])
    expect((await entry('tarsier2-recap-7B')).repository).toBe('omni-research/Tarsier2-Recap-7b')
    expect((await entry('qwen/qwen2-vl-2b-instruct')).name).toBe('Qwen2-VL-2B-Instruct')
    expect(await findInCatalogue('Tarsier')).toBeNull()
    for (const { summary } of entries) expect(summary).toMatch(/^[^.]+\.$|^[^.]+; .*\.$/)
  })

  // Sizes in 10^9 bytes of files that others made of the same checkpoints with llama.cpp.
  it.each<[string, Partial<Record<LanguagePrecision, number>>]>([
    ['Qwen2-VL-7B-Instruct', { q4_k_m: 4.68, q5_k_m: 5.44, q6_k: 6.25, q8_0: 8.1, f16: 15.24 }],
    ['Qwen2-VL-2B-Instruct', { q4_k_m: 0.99, q5_k_m: 1.13, q6_k: 1.27, q8_0: 1.65, f16: 3.09 }],
    ['Tarsier-7b', { q4_k_m: 4.08, q5_k_m: 4.78, q6_k: 5.53, q8_0: 7.16, f16: 13.48 }],
  ])('computes the real sizes of the language files of %s', async (name, sizes) => {
    const { language } = await entry(name)
    for (const [precision, gigabytes] of Object.entries(sizes)) {
      const computed = languageBytes(language, precision as LanguagePrecision) / 1e9
      expect(Math.abs(computed / gigabytes - 1), `${precision}: ${computed}`).toBeLessThan(0.012)
    }
  })

  it('computes the real size of the tower of Qwen2-VL: 2.7 and 1.35 GB', async () => {
    const { vision } = await entry('Qwen2-VL-7B-Instruct')
    expect(visionBytes(vision, 'f32') / 1e9).toBeCloseTo(2.7, 1)
    expect(visionBytes(vision, 'f16') / 1e9).toBeCloseTo(1.35, 2)
  })

  it('marks the licences that forbid commercial use, and says what they allow', async () => {
    const forbidden = (await readCatalogue()).filter(({ licence }) => licence.nonCommercial)
    expect(forbidden.map(({ name, licence }) => [name, licence.name])).toEqual([
      ['Qwen2.5-VL-3B-Instruct', 'qwen-research'],
      ['VidBridge-R1', 'academic research only'],
      ['OwlCap-7B', 'cc-by-nc-sa-4.0'],
    ])
    for (const one of forbidden) expect(licenceText(one)).toMatch(/research|non-commercial/)
  })

  it('reports downloads of the size of 16-bit weights, and of a language model in 32 bits for one', async () => {
    for (const one of await readCatalogue()) {
      const weights = formBytes(one, { language: one.name === 'SkyCaptioner-V1' ? 'f32' : 'f16', vision: 'f16' })
      expect(Math.abs(one.download.bytes / weights - 1), one.name).toBeLessThan(0.01)
    }
  })

  it('counts the tokens of a frame by its pixel budget', async () => {
    const { frames } = await entry('Tarsier2-Recap-7b')
    expect([8, 16, 32].map((count) => frameSize(frames, count).tokens)).toEqual([587, 587, 376])
    // Two frames of 768 tokens together.
    expect(frameSize((await entry('Qwen2.5-VL-7B-Instruct')).frames, 16)).toEqual({ tokens: 384, patches: 3072 })
    // Two frames of 1,536 tokens together.
    expect(frameSize((await entry('Qwen3-VL-4B-Instruct')).frames, 16)).toEqual({ tokens: 768, patches: 6144 })
    // Fine-tunes with a limit for each frame: two of 147 and of 225 tokens together.
    expect(frameSize((await entry('SkyCaptioner-V1')).frames, 16).tokens).toBe(96)
    expect(frameSize((await entry('TimeLens2-4B')).frames, 64).tokens).toBe(112)
    expect(frameSize((await entry('Tarsier-7b')).frames, 8)).toEqual({ tokens: 601, patches: 577 })
  })

  it('needs more memory for more frames and more bits, and KV of the width of the key heads', async () => {
    for (const one of await readCatalogue()) {
      for (const vision of visionPrecisions) {
        const needs = languagePrecisions.map((language) => [8, 16].map((frames) => runningMemory(one, { language, vision }, frames)))
        // From 16 to 32 this does not hold: every frame is smaller then, and the tower needs less memory.
        for (const [eight = 0, sixteen = 0] of needs) expect(eight).toBeLessThan(sixteen)
        const bySize = needs.map(([eight = 0]) => eight)
        expect(bySize).toEqual([...bySize].sort((a, b) => b - a))
      }
    }
    const seven = await entry('Tarsier2-Recap-7b')
    // 28 layers, 2 of 4 heads of 128 in 16 bits: 56 KiB per token; 4 bytes of each of 3584 values; 6 of the mask for each of a batch's 512.
    const narrow = { ...seven, frames: { kind: 'square', tokens: 100, patches: 400 } } as const
    const form = { language: 'q8_0', vision: 'int8' } as const
    expect(runningMemory(narrow, form, 2) - runningMemory(narrow, form, 1)).toBe(100 * (56 * 1024 + 3584 * 4 + 512 * 6))
  })

  it("counts a tower's weights in their file on a machine that the model does not fit otherwise", async () => {
    const seven = await entry('Tarsier2-Recap-7b')
    const form = { language: 'q4_k_m', vision: 'f16' } as const
    const prepared = runningMemory(seven, form, 16)
    expect(runOnMachine(seven, form, 16, 16e9)).toEqual({ bytes: prepared, fits: true, towerInFile: false })
    const tight = runOnMachine(seven, form, 16, 9e9)
    expect(tight).toMatchObject({ fits: true, towerInFile: true })
    expect(prepared - tight.bytes).toBeGreaterThan(2.5e9)
    expect(runOnMachine(seven, form, 16, 7e9)).toEqual({ ...tight, fits: false })
    // Weights of 8 bits are always in memory.
    expect(runOnMachine(seven, { ...form, vision: 'int8' }, 16, 8e9)).toMatchObject({ fits: false, towerInFile: false })
    expect([16e9, 11e9, 9e9, 8e9, 7e9].map((memory) => bestForm(seven, 'f16', 16, memory)?.language)).toEqual([
      'q8_0',
      'q6_k',
      'q5_k_m',
      'q4_k_m',
      undefined,
    ])
  })

  it.each([
    [6e9, 8e9, true],
    [7e9, 8e9, false],
    [13e9, 16e9, true],
    [15e9, 16e9, false],
  ])('%d bytes on a machine with %d: %s', (needed, memory, expected) => {
    expect(fitsMachine(needed, memory)).toBe(expected)
  })
})
