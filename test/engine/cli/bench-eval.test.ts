import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { annotateMovingShapes } from '../../../src/bench/moving-shapes/annotate.ts'
import { evalReportSchema } from '../../../src/bench/report/eval-report.ts'
import { ChatServer } from '../../helpers/chat-server.ts'
import { literalJudge } from '../../helpers/literal-judge.ts'
import { markingJudge, openQuestionOf } from '../../helpers/marking-judge.ts'
import { predictionOf } from '../../helpers/predictions.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { type CliResult, runCli } from './run-cli.ts'

interface Upstream {
  readonly dataset: string
  readonly idx: number
  readonly messages: readonly { readonly role: string; readonly content: { text: string | null; reference?: string | null }[] }[]
}

/** Predictions as the Python program writes them: its annotations with the model's answer beside the reference. */
function answered(dataset: string, answer: (reference: string, idx: number) => string): string[] {
  return annotateMovingShapes().flatMap((line) => {
    const sample = JSON.parse(line) as Upstream
    if (!sample.dataset.startsWith(`${dataset}/`)) return []
    for (const part of sample.messages.flatMap(({ content }) => content)) if (part.reference) part.text = answer(part.reference, sample.idx)
    return [JSON.stringify(sample)]
  })
}

async function scratchFolder() {
  const scratch = await ScratchFolder.make()
  onTestFinished(() => scratch[Symbol.asyncDispose]())
  const evaluate = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliResult> =>
    runCli(['bench', 'eval', ...args], { cwd: scratch.directory, env: { TARSIER_HOME: scratch.path('home'), OPENAI_API_KEY: '', ...env } })
  return { scratch, evaluate }
}

const overall = (text: string) =>
  text
    .split('\n')
    .filter((line) => /OVERALL|Accuracy:|Average Score:/.test(line))
    .map((line) => line.replaceAll(/\s+/g, ' '))

describe('bench eval', () => {
  it('scores correct moving-shapes answers by rule and saves every report form', async () => {
    const { scratch, evaluate } = await scratchFolder()
    const lines = ['dream', 'mc', 'oe'].flatMap((task) => answered(`moving-shapes-${task}`, (reference) => reference))
    await scratch.write('predictions.jsonl', `${lines.join('\n')}\n`)
    const { code, stdout, stderr } = await evaluate(['predictions.jsonl'])
    expect({ code, overall: overall(stdout) }).toEqual({
      code: 0,
      overall: ['| OVERALL | 1.0 | 1.0 | 1.0 | 120 | 0 |', '| OVERALL | 100.0 | 360 | 0 |', 'Accuracy: 100.0', 'Average Score: 5.0'],
    })
    expect(stdout.match(/^Judge: rule, prompt rule 1$/gm)).toHaveLength(2)
    const forms = ['csv', 'html', 'json', 'txt']
    expect((await readdir(scratch.path('eval_records'))).sort()).toEqual(
      [
        ...['dream', 'mc', 'oe'].flatMap((task) => forms.map((form) => `moving-shapes-${task}_eval_result.${form}`)),
        'moving-shapes-dream_eval_infos.jsonl',
        'moving-shapes-oe_eval_infos.jsonl',
      ].sort(),
    )
    expect(stderr).toContain('moving-shapes-mc_eval_result.html')
  })

  it('scores wrong, malformed, failed and broken predictions and reports each', async () => {
    const { scratch, evaluate } = await scratchFolder()
    const choice = answered('moving-shapes-mc', (reference, idx) => (idx % 3 === 0 ? reference : idx % 3 === 1 ? 'Z)' : 'no idea'))
    const failed = predictionOf({ dataset: 'moving-shapes-mc/color', idx: 9999, prediction: null })
    const wrong = answered('moving-shapes-dream', () => 'Nothing is to be seen.')
    await scratch.write('predictions.jsonl', [...choice, '{"torn', JSON.stringify(failed), ...wrong].join('\n'))
    const { code, stdout, stderr } = await evaluate(['.', '--json'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^tarsier: .*predictions\.jsonl:361: not JSON: .* \[bench-damaged\]$/m)
    const reports = stdout
      .trimEnd()
      .split('\n')
      .map((line) => evalReportSchema.parse(JSON.parse(line)))
    const [mc, dream] = ['moving-shapes-mc', 'moving-shapes-dream'].map((name) => reports.find(({ dataset }) => dataset === name))
    expect(mc).toMatchObject({ success: 240, failed: 121, failures: { 'file-missing': 1 }, headline: [{ text: '50.0', value: 50 }] })
    // No event of the reference is described, and the description contains no events.
    expect(dream?.headline.map(({ name, text }) => `${name} ${text}`)).toEqual(['F1 0.0', 'Recall 0.0', 'Precision 1.0'])
  })

  it('judges descriptions, names the judge and requests no verdict twice', async () => {
    const { scratch, evaluate } = await scratchFolder()
    await using server = await ChatServer.start()
    server.answer = literalJudge
    const sample = (idx: number, events: readonly string[], reference: string, prediction: string) =>
      JSON.stringify(
        predictionOf({
          ...{ dataset: `DREAM/${idx < 2 ? 'videvo' : 'youtube'}`, idx, reference, prediction },
          extraInfo: { events, n_events: events.length, n_shots: 1, n_subjects: 2 },
        }),
      )
    await scratch.write(
      'predictions.jsonl',
      [
        sample(1, ['a dog runs', 'a cat jumps'], 'A dog runs. A cat jumps', 'A dog runs. A bird sings'),
        sample(2, ['a man waves'], 'A man waves', 'A man waves. A bird sings. A fish swims. A boy eats'),
      ].join('\n'),
    )
    const without = await evaluate(['predictions.jsonl'])
    expect(without.code).toBe(1)
    expect(without.stderr).toMatch(/^tarsier: dream: DREAM needs a judge\. .* \[judge-unavailable\]$/m)

    const env = { OPENAI_API_KEY: server.key, OPENAI_BASE_URL: server.baseUrl }
    const judged = await evaluate(['predictions.jsonl', '--judge', 'openai:reader'], env)
    expect(judged.stderr).not.toContain('tarsier:')
    // recall (1/2 + 1) / 2, precision (1/2 + 1/4) / 2, F1 of both
    expect({ code: judged.code, overall: overall(judged.stdout) }).toEqual({
      code: 0,
      overall: ['| OVERALL | 0.5 | 0.75 | 0.375 | 2 | 0 |'],
    })
    expect(judged.stdout).toMatch(/^Judge: openai reader at 127\.0\.0\.1:\d+, prompt extract-events 1, prompt entailment 1$/m)
    const asked = server.seen.length
    expect((await evaluate(['predictions.jsonl', '--judge', 'openai:reader'], env)).stdout).toBe(judged.stdout)
    expect(server.seen).toHaveLength(asked)
    const saved = await readFile(scratch.path('eval_records/DREAM_eval_result.json'), 'utf8')
    expect(saved).not.toContain(server.key)
  })

  it('judges open answers, counts those without a verdict and requests only these again', async () => {
    const { scratch, evaluate } = await scratchFolder()
    await using server = await ChatServer.start()
    server.answer = markingJudge
    // The judge returns nothing usable for one answer until `unwell` is false.
    let judgeIsFailing = true
    server.misbehave = (request) =>
      judgeIsFailing && openQuestionOf(request).given === 'a riddle' ? { kind: 'text', text: 'Yes, 5 of 5!' } : null
    // Predictions of version 1 of the Python program: the question is in "question", and a missing answer is "<error>".
    const line = (idx: number, response: string, prediction: string) =>
      JSON.stringify({
        ...{ idx, dataset: 'MSVD-QA-val', video_file: `${idx}.avi`, vid: idx },
        text: { prompt: `USER: <video>\nWhat is it? (${idx}) Briefly. ASSISTANT:`, question: `what is it (${idx})`, response, prediction },
      })
    await scratch.write(
      'predictions.jsonl',
      [
        line(1, 'dog', 'dog'),
        line(2, 'dog', 'a dog that runs'),
        line(3, 'dog', 'cat'),
        line(4, 'dog', 'a riddle'),
        line(5, 'dog', '<error>'),
      ].join('\n'),
    )
    const env = { OPENAI_API_KEY: server.key, OPENAI_BASE_URL: server.baseUrl }
    const judged = await evaluate(['predictions.jsonl', '--judge', 'openai:marker'], env)
    // Right: 2 of 3. Score: (5 + 3 + 1) / 3.
    expect({ code: judged.code, overall: overall(judged.stdout) }).toEqual({ code: 0, overall: ['Accuracy: 66.7', 'Average Score: 3.0'] })
    expect(judged.stdout).toMatch(/^#Successful Results: 3\n#Failed Results: 2$/m)
    expect(judged.stdout).toMatch(/^Judge: openai marker at 127\.0\.0\.1:\d+, prompt open-answer 1$/m)
    expect(server.seen).toHaveLength(3 + 3) // the answer without a verdict was requested three times
    expect(server.seen.map(({ body }) => openQuestionOf(body).question)).toContain('what is it (1)')
    const report = async () =>
      evalReportSchema.parse(JSON.parse(await readFile(scratch.path('eval_records/MSVD-QA-val_eval_result.json'), 'utf8')))
    expect(await report()).toMatchObject({
      ...{ success: 3, failed: 2, failures: { 'judge-failed': 1, internal: 1 } },
      headline: [{ value: expect.closeTo(200 / 3, 6) as number }, { value: 3 }],
    })

    judgeIsFailing = false
    const asked = server.seen.length
    const again = await evaluate(['predictions.jsonl', '--judge', 'openai:marker'], env)
    expect(server.seen.slice(asked).map(({ body }) => openQuestionOf(body).given)).toEqual(['a riddle'])
    // Right: 2 of 4. Score: (5 + 3 + 1 + 1) / 4.
    expect(overall(again.stdout)).toEqual(['Accuracy: 50.0', 'Average Score: 2.5'])
    const records = (await readFile(scratch.path('eval_records/QA_eval_infos.jsonl'), 'utf8')).trimEnd().split('\n')
    expect(records.map((text) => JSON.parse(text) as unknown)).toEqual([
      expect.objectContaining({
        idx: 1,
        question: 'what is it (1)',
        answer: 'dog',
        pred: 'dog',
        correct: 'yes',
        score: 5,
        reason: 'It says "dog".',
      }),
      expect.objectContaining({ idx: 2, correct: 'yes', score: 3 }),
      expect.objectContaining({ idx: 3, correct: 'no', score: 1 }),
      expect.objectContaining({ idx: 4, correct: 'no', score: 1, error: null }),
    ])
  })

  it('scores what needs no judge and lists the rest as not judged', async () => {
    const { scratch, evaluate } = await scratchFolder()
    const dream = predictionOf({ dataset: 'DREAM/videvo', idx: 1 })
    const choices = [1, 2, 3].map((idx) => predictionOf({ dataset: 'TVBench/Action Count', idx, prediction: idx === 1 ? 'B' : 'A' }))
    await scratch.write('some name.jsonl', [dream, ...choices].map((line) => JSON.stringify(line)).join('\n'))
    const { code, stdout, stderr } = await evaluate(['.'])
    expect({ code, overall: overall(stdout) }).toEqual({ code: 0, overall: ['| OVERALL | 66.7 | 3 | 0 |'] })
    expect(stdout).toMatch(/^dream: not judged$/m)
    expect(stderr).toMatch(/^tarsier: dream: DREAM needs a judge\. .* \[judge-unavailable\]$/m)
    // A command that scores nothing fails.
    const alone = await evaluate(['.', '--benchmarks', 'dream'])
    expect({ code: alone.code, stdout: alone.stdout }).toEqual({ code: 1, stdout: 'dream: not judged\n' })
  })

  it('scores the named data sets, or a random part of them, and reports every sample', async () => {
    const { scratch, evaluate } = await scratchFolder()
    const lines = ['TVBench/Action Count', 'EgoSchema'].flatMap((dataset) =>
      Array.from({ length: 20 }, (_, idx) => predictionOf({ dataset, idx, prediction: idx % 2 === 0 ? 'A' : 'none' })),
    )
    await scratch.write('predictions.jsonl', [...lines, ...lines.slice(0, 2)].map((line) => JSON.stringify(line)).join('\n'))
    const drawn = await evaluate(['predictions.jsonl', '--benchmarks', 'tvbench', 'dream', '--sample-num', '8', '--verbose'])
    expect({ code: drawn.code, summaries: drawn.stdout.match(/Evaluation Summary/g) }).toEqual({
      code: 0,
      summaries: ['Evaluation Summary'],
    })
    expect(drawn.stdout).toMatch(/^Duplicates: 2 lines ignored; the first line of a sample counts$/m)
    expect(drawn.stdout).toMatch(/^Samples: 8 selected from 20$/m)
    expect(drawn.stderr).toMatch(
      /^tarsier: tvbench: 2 lines repeat a sample, all with the same answer, .*predictions\.jsonl:41 after .*predictions\.jsonl:1\)$/m,
    )
    const reported = drawn.stdout.match(/^TVBench.*$/gm) ?? []
    expect(reported).toHaveLength(8)
    for (const line of reported)
      expect(line).toMatch(
        /^TVBench\/Action Count-\d+: (right; answer: "A"|failed: the answer names no option; answer: "none"); reference: "A"$/,
      )
    expect((await evaluate(['predictions.jsonl', '--benchmarks', 'TVBench', '--sample-num', '8', '--verbose'])).stdout).toBe(drawn.stdout)
    expect(await evaluate(['predictions.jsonl', '--benchmarks', 'dream'])).toMatchObject({ code: 1 })
    expect(await evaluate(['predictions.jsonl', '--benchmarks', 'nothing'])).toMatchObject({ code: 2 })
  })

  it('asks for --metric when the data set is unknown', async () => {
    const { scratch, evaluate } = await scratchFolder()
    await scratch.write('predictions.jsonl', JSON.stringify(predictionOf({ dataset: 'Mine', idx: 1 })))
    const unknown = await evaluate(['predictions.jsonl'])
    expect({ code: unknown.code, stderr: unknown.stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('--metric') })
    const reported = await evaluate(['predictions.jsonl', '--metric', 'multi-choice'])
    expect({ code: reported.code, overall: overall(reported.stdout) }).toEqual({ code: 0, overall: ['Accuracy: 100.0'] })
  })
})
