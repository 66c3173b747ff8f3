import { describe, expect, it } from 'vitest'
import { dataSetOf, dataSets, resolveNames } from '../../../src/bench/datasets.ts'

const names = (...wanted: string[]) => resolveNames(wanted).map(({ name }) => name)

describe('names of data sets', () => {
  it('are those of the papers, and our own three as a group, without the one that no server can run', () => {
    expect(names('all')).toHaveLength(14)
    expect(names('moving-shapes')).toEqual(['moving-shapes-dream', 'moving-shapes-mc', 'moving-shapes-oe'])
    expect(new Set(dataSets.map(({ name }) => name)).size).toBe(18)
    expect(new Set(dataSets.map(({ dataset }) => dataset)).size).toBe(18)
  })

  it('select groups and data sets, each once and in the table’s order', () => {
    expect(names('caption')).toEqual(['msvd-caption', 'msr-vtt-caption', 'vatex-caption'])
    expect(names('mc_qa')).toEqual(['next-qa', 'egoschema', 'mvbench', 'tvbench', 'video-mme', 'favor-bench'])
    expect(names('tvbench', 'MC_QA', 'dream', 'TVBench')).toEqual(['dream', ...names('mc_qa')])
    expect(names()).toEqual([])
  })

  it('that are unknown are rejected with the known ones', () => {
    expect(() => names('dream', 'dreams')).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(/"dreams".*favor-bench.*oe_qa.*all/) }),
    )
  })
})

describe('the data set of a sample', () => {
  it('is the part before the slash', () => {
    expect(dataSetOf('DREAM/youtube')).toMatchObject({ name: 'dream', metric: 'autodq', file: 'DREAM-1k.jsonl' })
    expect(dataSetOf('VATEX-test')).toMatchObject({ name: 'vatex-caption', metric: 'cider' })
    expect(dataSetOf('moving-shapes-mc/colour')).toMatchObject({ group: 'moving-shapes', metric: 'multi-choice' })
    expect(dataSetOf('DREAMS')).toBeNull()
  })
})
