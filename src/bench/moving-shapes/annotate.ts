import { type ChoiceKind, choiceKinds, choiceOf } from './choices.ts'
import { clipOf, type DrawnClip } from './clips.ts'
import { eventsOf } from './events.ts'
import { exchangeKinds, falseCaption } from './false-captions.ts'
import { describeScene, type QuestionKind, questionOf } from './words.ts'

/** First seed of the benchmark's clips; the others follow consecutively. */
const FIRST_SEED = 1
const CLIPS = 120
/** Clips with captions to check; the first of them are the other clips. */
const CHECKED = 400
/** Number of questions of each form per clip. */
const ASKED = 3

const openKinds = ['background', 'color', 'count', 'first', 'last', 'motion', 'presence', 'shape'] as const satisfies QuestionKind[]

/** Content of one sample, from which its annotation line is built. */
interface Task {
  readonly dataset: string
  readonly task: 'video/caption' | 'video/QA' | 'video/check'
  readonly prompt: string
  readonly answerPrefix?: string
  readonly reference: string
  readonly extra?: Readonly<Record<string, unknown>>
}

/**
 * Returns the whole benchmark as annotations of version 2, one line per sample: a description of each clip, then multi-choice and open questions
 * about it, with alternating kinds; at the end, captions to check. `vid` is the seed of the clip. Deterministic.
 */
export function annotateMovingShapes(): string[] {
  const seeds = Array.from({ length: CLIPS }, (_, i) => FIRST_SEED + i)
  const clips = seeds.map((seed, i) => ({ seed, tasks: tasksOf(clipOf(seed), i) }))
  const samples = clips.flatMap(({ seed, tasks }) => tasks.map((task) => ({ seed, task })))
  // The data sets are consecutive, as in the papers' files.
  const blocks = ['moving-shapes-dream', 'moving-shapes-mc', 'moving-shapes-oe'].map((name) =>
    samples.filter(({ task }) => task.dataset.startsWith(`${name}/`)),
  )
  return [...blocks, checks()].flatMap((block) => block.map(({ seed, task }, i) => JSON.stringify(lineOf(task, i, seed))))
}

/** A true caption of each clip, and the same with one false statement. */
function checks(): { seed: number; task: Task }[] {
  return Array.from({ length: CHECKED }, (_, i) => {
    const seed = FIRST_SEED + i
    const { scene, exchange } = clipOf(seed)
    const { kind, text, sentence, start, end } = falseCaption(at(exchangeKinds, i), scene, exchange)
    const task: Task = {
      dataset: `moving-shapes-check/${kind}`,
      task: 'video/check',
      prompt: 'Describe the video in detail.',
      reference: describeScene(scene, false),
      extra: { false_caption: { text, sentence, start, end } },
    }
    return { seed, task }
  })
}

function tasksOf(clip: DrawnClip, place: number): Task[] {
  const { scene, shape, questions } = clip
  const events = eventsOf(scene)
  const described: Task = {
    dataset: `moving-shapes-dream/${scene.objects.length === 1 ? 'one object' : 'two objects'}`,
    task: 'video/caption',
    prompt: 'Describe the video in detail.',
    reference: describeScene(scene, false),
    extra: { duration: shape.frames / shape.rate, events, n_events: events.length, n_shots: 1, n_subjects: scene.objects.length },
  }
  const choices: Task[] = []
  for (let turn = 0; choices.length < ASKED; turn++) {
    const kind = at(choiceKinds, place * ASKED + turn)
    const choice = choiceOf(kind, scene, questions)
    // If the scene does not allow a question of this kind, the next kind is tried.
    if (choice) choices.push(choiceTask(kind, choice))
  }
  const open = Array.from({ length: ASKED }, (_, turn): Task => {
    const kind = at(openKinds, place * ASKED + turn)
    const { question, answer } = questionOf(kind, scene, questions)
    return { dataset: `moving-shapes-oe/${kind}`, task: 'video/QA', prompt: question, reference: answer }
  })
  return [described, ...choices, ...open]
}

function choiceTask(kind: ChoiceKind, { prompt, answerPrefix, letter }: NonNullable<ReturnType<typeof choiceOf>>): Task {
  return { dataset: `moving-shapes-mc/${kind}`, task: 'video/QA', prompt, answerPrefix, reference: letter }
}

function lineOf({ dataset, task, prompt, answerPrefix, reference, extra }: Task, idx: number, seed: number) {
  return {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'video', video: { video_file: '<placeholder>' } },
          { type: 'text', text: prompt },
        ],
      },
      {
        role: 'assistant',
        content: [...(answerPrefix ? [{ type: 'text', text: answerPrefix }] : []), { type: 'text', text: '', reference }],
      },
    ],
    dataset,
    task,
    idx,
    vid: seed,
    ...(extra && { extra_info: extra }),
  }
}

function at<T>(items: readonly T[], place: number): T {
  return items[place % items.length] as T
}
