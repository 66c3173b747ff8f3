import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { scoreMultiChoice } from '../../../../src/bench/metrics/multi-choice.ts'
import type { Used } from '../../../../src/bench/prediction.ts'
import { choiceReport } from '../../../../src/bench/report/choice-report.ts'
import { csvReport } from '../../../../src/bench/report/csv-report.ts'
import { type EvalReport, evalReportSchema } from '../../../../src/bench/report/eval-report.ts'
import { htmlReport } from '../../../../src/bench/report/html-report.ts'
import { prettyTable } from '../../../../src/bench/report/pretty-table.ts'
import { infoLines, runInfoOf } from '../../../../src/bench/report/run-info.ts'
import { moveReport, plainReport, saveReport } from '../../../../src/bench/report/save-report.ts'
import { predictionOf } from '../../../helpers/predictions.ts'

const used: Used = {
  engine: 'tarsier',
  model: 'demo',
  files: { 'language.gguf': 'ab' },
  frames: Array.from({ length: 8 }, (_, index) => ({ index, time: index / 4 })),
  width: 448,
  height: 252,
  generation: { maxTokens: 512, temperature: 0, topP: 1 },
  device: 'cpu',
  seconds: 1.5,
  versions: { tarsier: '0.1.0' },
}

const markup = '</title><script>alert("1")</script>'
const predictions = [
  predictionOf({ dataset: `MVBench/${markup} x`, idx: 1, prompt: '=cmd|"a", b', used }),
  predictionOf({
    dataset: 'MVBench/=Plain task',
    idx: 2,
    prompt: 'B?',
    prediction: 'B',
    used: { ...used, frames: used.frames.slice(0, 4) },
  }),
  predictionOf({ dataset: 'MVBench/=Plain task', idx: 3, prompt: 'C?', prediction: null }),
]

const report: EvalReport = {
  format: 1,
  dataset: 'moving-shapes-mc',
  metric: 'multi-choice',
  evaluated: '2026-11-25T12:00:00.000Z',
  run: runInfoOf(predictions),
  judge: { name: `judge ${markup}`, prompts: ['entailment 1'] },
  failures: { 'file-missing': 1 },
  ...choiceReport('moving-shapes-mc', scoreMultiChoice(predictions)),
}

const folder = await mkdtemp(join(tmpdir(), 'tarsier-report-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a report', () => {
  test('lists the settings under its figures', () => {
    expect(infoLines(report.run, report.judge)).toEqual([
      ['Model', 'demo'],
      ['Frames', '4 to 8'],
      ['Pixels', '448x252'],
      ['Prompt', '=cmd|"a", b | B? | C?'],
      ['Generation', 'temperature 0, top_p 1, at most 512 tokens'],
      ['Device', 'cpu'],
      ['Judge', `judge ${markup}, prompt entailment 1`],
    ])
    expect(plainReport(report)).toContain('\n\nModel: demo\nFrames: 4 to 8\n')
  })

  test('as HTML has charts, escapes everything, and loads and runs nothing', () => {
    const html = htmlReport(report)
    expect(html).toContain('<svg role="img"')
    expect(html).toContain('&lt;/title&gt;&lt;script&gt;')
    expect(html).not.toMatch(/<script|src=|href=|url\(|@import|https?:/i)
    expect(html).toContain("default-src 'none'")
    expect(html).toContain('prefers-color-scheme: dark')
    // every accuracy of the table is also the label of a bar
    expect(html.match(/<rect /g)).toHaveLength(3)
    expect(html.match(/class="value"/g)).toHaveLength(3)
    expect(html).toContain('<dd>1 (file-missing 1)</dd>')
  })

  test('as CSV has one line per figure, quoted and without formulas', () => {
    const [head, ...rows] = csvReport(report).trimEnd().split('\r\n')
    expect(head).toBe('\ufeffdataset,table,row,column,kind,value,model,frames,pixels,prompt,generation,device,judge')
    expect(rows).toHaveLength(9)
    expect(rows.every((row) => row.startsWith('moving-shapes-mc,Accuracy,'))).toBe(true)
    expect(rows.join('\n')).toContain(',\'=Plain task,Accuracy,score,0,demo,4 to 8,448x252,"\'=cmd|""a"", b')
  })

  test('is saved in four forms and can be read again', async () => {
    const { paths } = await saveReport({ ...report, dataset: '../DREAM' }, folder)
    expect((await readdir(join(folder, 'eval_records'))).sort()).toEqual(
      paths.map((path) => path.slice(path.lastIndexOf('__DREAM'))).sort(),
    )
    const json: unknown = JSON.parse(await readFile(paths.find((path) => path.endsWith('.json')) ?? '', 'utf8'))
    expect(evalReportSchema.parse(json)).toEqual({ ...report, dataset: '../DREAM' })
  })

  test('replaces earlier ones, but no file of another program', async () => {
    const records = join(folder, 'other', 'eval_records')
    const save = (evaluated: string) => saveReport({ ...report, evaluated }, join(folder, 'other'))
    const evaluated = async (name: string) => (JSON.parse(await readFile(join(records, name), 'utf8')) as EvalReport).evaluated
    const names = (form: string) => [`moving-shapes-mc_eval_result.${form}`, `moving-shapes-mc-tarsier_eval_result.${form}`] as const
    expect((await save('first')).kept).toEqual([])
    expect((await save('second')).kept).toEqual([])
    expect(await readdir(records)).toHaveLength(4)
    expect(await evaluated(names('json')[0])).toBe('second')

    // The Python program writes a text of the same name.
    const python = `${report.text}\n`
    await writeFile(join(records, names('txt')[0]), python)
    const saved = await save('third')
    expect(saved.kept).toEqual([join(records, names('txt')[0])])
    expect(saved.paths).toContain(join(records, names('txt')[1]))
    expect(await readdir(records)).toHaveLength(5)
    await save('fourth')
    expect(await readFile(join(records, names('txt')[0]), 'utf8')).toBe(python)
    expect(await evaluated(names('json')[0])).toBe('fourth')

    for (const form of ['json', 'csv', 'html']) await writeFile(join(records, names(form)[0]), 'mine')
    expect((await save('fifth')).kept).toHaveLength(4)
    for (const form of ['json', 'csv', 'html']) expect(await readFile(join(records, names(form)[0]), 'utf8')).toBe('mine')
    expect(await evaluated(names('json')[1])).toBe('fifth')
    await writeFile(join(records, names('html')[1]), 'also mine')
    await expect(save('sixth')).rejects.toMatchObject({ code: 'write-failed' })

    await moveReport(report.dataset, join(folder, 'other'), join(folder, 'old'))
    expect((await readdir(join(folder, 'old', 'eval_records'))).sort()).toEqual(['csv', 'json', 'txt'].map((form) => names(form)[1]))
    expect((await readdir(records)).sort()).toEqual([names('html')[1], ...['csv', 'html', 'json', 'txt'].map((form) => names(form)[0])])
  })
})

test('centers cells as PrettyTable does', () => {
  expect(prettyTable(['Task', 'A'], [])).toBe('+------+---+\n| Task | A |\n+------+---+')
  expect(
    prettyTable(
      ['Task', 'A', 'Success'],
      [
        ['é', '0.42', '12'],
        ['OVERALL', 'nan', '3'],
      ],
    ),
  ).toBe(
    [
      '+---------+------+---------+',
      '|   Task  |  A   | Success |',
      '+---------+------+---------+',
      '|    é    | 0.42 |    12   |',
      '| OVERALL | nan  |    3    |',
      '+---------+------+---------+',
    ].join('\n'),
  )
})
