import { type ChoiceKind, choiceKinds, choiceOf } from './choices.ts'
import { clipOf, type DrawnClip } from './clips.ts'
import { eventsOf } from './events.ts'
import { describeScene, type QuestionKind, questionOf } from './words.ts'

/** Seeds of the benchmark's clips: so many from here on. */
const FIRST_SEED = 1
const CLIPS = 120
/** Questions of each form that a clip is asked. */
const ASKED = 3

const openKinds = ['background', 'color', 'count', 'first', 'last', 'motion', 'presence', 'shape'] as const satisfies QuestionKind[]

/** What one sample asks; the annotation's line is made of it. */
interface Task {
  readonly dataset: string
  readonly task: 'video/caption' | 'video/QA'
  readonly prompt: string
  readonly begun?: string
  readonly reference: string
  readonly extra?: Readonly<Record<string, unknown>>
}

/**
 * The whole of the benchmark as annotations of version 2, a line a sample: a description of each clip, then multi-choice and open questions
 * about it, their kinds taking turns. `vid` is the seed that the clip is drawn from. Always the same.
 */
export function annotateMovingShapes(): string[] {
  const seeds = Array.from({ length: CLIPS }, (_, i) => FIRST_SEED + i)
  const clips = seeds.map((seed, i) => ({ seed, tasks: tasksOf(clipOf(seed), i) }))
  const samples = clips.flatMap(({ seed, tasks }) => tasks.map((task) => ({ seed, task })))
  // One data set after the other, as files of the papers' data sets are.
  const blocks = ['moving-shapes-dream', 'moving-shapes-mc', 'moving-shapes-oe'].map((name) =>
    samples.filter(({ task }) => task.dataset.startsWith(`${name}/`)),
  )
  return blocks.flatMap((block) => block.map(({ seed, task }, i) => JSON.stringify(lineOf(task, i, seed))))
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
    // A scene that does not allow a question is asked the next kind.
    if (choice) choices.push(choiceTask(kind, choice))
  }
  const open = Array.from({ length: ASKED }, (_, turn): Task => {
    const kind = at(openKinds, place * ASKED + turn)
    const { question, answer } = questionOf(kind, scene, questions)
    return { dataset: `moving-shapes-oe/${kind}`, task: 'video/QA', prompt: question, reference: answer }
  })
  return [described, ...choices, ...open]
}

function choiceTask(kind: ChoiceKind, { prompt, begun, letter }: NonNullable<ReturnType<typeof choiceOf>>): Task {
  return { dataset: `moving-shapes-mc/${kind}`, task: 'video/QA', prompt, begun, reference: letter }
}

function lineOf({ dataset, task, prompt, begun, reference, extra }: Task, idx: number, seed: number) {
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
        content: [...(begun ? [{ type: 'text', text: begun }] : []), { type: 'text', text: '', reference }],
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
